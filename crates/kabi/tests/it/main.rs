//! Tests of the tables as a whole.

mod context;
mod ebpf_docs;
mod tables;
