//! What a caller can choose about a compilation.

use crate::usdt::{self, UsdtProbe};
use crate::{Cpu, Dialect, OptLevel};
use bpfc_parser::PpOptions;

pub use bpfc_parser::Deferral;

/// Options of a compilation. The default is what `bpfc build` does without flags.
#[derive(Clone, Debug)]
pub struct Options {
    /// `-D`: `NAME` or `NAME=VALUE`.
    pub defines: Vec<String>,
    /// `-U`: names.
    pub undefines: Vec<String>,
    /// `-include`: files to read before the program.
    pub includes: Vec<String>,
    /// The dialect; `None` lets the source tell.
    pub dialect: Option<Dialect>,
    /// Instruction set.
    pub cpu: Cpu,
    /// How much to optimise.
    pub opt_level: OptLevel,
    /// Whether types that headers declare are parsed only when the program needs them.
    pub deferral: Deferral,
    /// Bytes that the stack frame of a function may take. More than the default is for machines
    /// that are told so; kernels refuse it.
    pub frame_bytes: u32,
    /// Markers of traced programs whose arguments are read, for BCC's dialect.
    pub usdt: Vec<UsdtProbe>,
    /// What `bpf_num_cpus()` is in BCC's dialect: how many CPUs the program will run on.
    pub n_cpus: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            defines: Vec::new(),
            undefines: Vec::new(),
            includes: Vec::new(),
            dialect: None,
            cpu: Cpu::V3,
            opt_level: OptLevel::O2,
            deferral: Deferral::Headers,
            frame_bytes: bpfc_codegen::emit::MAX_FRAME_BYTES,
            usdt: Vec::new(),
            n_cpus: None,
        }
    }
}

impl Options {
    /// What the preprocessor is asked.
    pub(crate) fn preprocessor(&self, dialect: Dialect) -> PpOptions {
        let is_bcc = dialect == Dialect::Bcc;
        let prelude = is_bcc.then(|| BCC_PRELUDE.to_owned());
        let usdt = (is_bcc && !self.usdt.is_empty()).then(|| usdt::HEADER.to_owned());
        PpOptions {
            defines: self.defines.clone(),
            undefines: self.undefines.clone(),
            includes: prelude
                .into_iter()
                .chain(usdt)
                .chain(self.includes.iter().cloned())
                .collect(),
            cpu_version: match self.cpu {
                Cpu::V1 => 1,
                Cpu::V2 => 2,
                Cpu::V3 => 3,
                Cpu::V4 => 4,
            },
            deferral: self.deferral,
        }
    }
}

/// The built-in header that every program of BCC's dialect starts with.
const BCC_PRELUDE: &str = "bpfc/bcc.h";
