//! Markers in programs of user space (USDT), for BCC's dialect: where a marker's arguments are,
//! as C that reads them.
//!
//! `bpf_usdt_readarg(N, ctx, &value)` in a function becomes a call of the function that
//! [`header`] writes for it (`typeck::bcc`). Without a [`UsdtProbe`] for its function, the call
//! is an error.

mod text;

pub(crate) use text::header;

/// What a program function handles: a marker, at all places where it was compiled into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsdtProbe {
    /// The function of the BPF program.
    pub function: String,
    /// Where the marker is.
    pub locations: Vec<UsdtLocation>,
}

/// One place of a marker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsdtLocation {
    /// Address of the instruction, as the file has it.
    pub address: u64,
    /// Where the arguments are, as the compiler wrote it: `-4@%edi 8@-8(%rbp) 4@$7`.
    pub arguments: String,
}

/// The name under which programs include what [`header`] writes.
pub(crate) const HEADER: &str = "bpfc/usdt.h";
