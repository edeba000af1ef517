//! Tests of the tables as a whole.

mod ebpf_docs;
mod tables;
