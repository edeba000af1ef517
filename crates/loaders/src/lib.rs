//! Nothing: the tests of this crate give objects made by bpfc to the loaders that people use: libbpf
//! through `bpftool`, its skeletons and `libbpf-rs`, `ip`, `tc`, `aya` and `cilium/ebpf`.

#![forbid(unsafe_code)]
