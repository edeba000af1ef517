//! What a caller can choose about a compilation.

use crate::usdt::{self, UsdtProbe};
use crate::{Arch, Cpu, Dialect, Endian, OptLevel};
use bpfc_base::RemarkKind;
use bpfc_parser::{ByteOrder, PpOptions, Predefined};
use std::iter;

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
    /// The architecture whose registers and system calls the program sees; `None` takes what `defines` say
    /// (`__TARGET_ARCH_arm64`), or else the machine's own.
    pub arch: Option<Arch>,
    /// The byte order of the machine that runs the program.
    pub endian: Endian,
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
    /// Public tables of other programs of the process, which `BPF_TABLE("extern", …)` in BCC's dialect may name, and the type of each
    /// as the dialect calls it (`hash`, `percpu_array`). One that is not listed is taken for a `hash`.
    pub tables: Vec<(String, String)>,
    /// Whether records that a ring buffer has no room for are counted, in a variable [`LOST`](crate::LOST).
    pub counts_lost: bool,
    /// What remarks are made about: kinds and passes.
    pub remarks: Vec<(RemarkKind, &'static str)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            defines: Vec::new(),
            undefines: Vec::new(),
            includes: Vec::new(),
            dialect: None,
            cpu: Cpu::V3,
            arch: None,
            endian: Endian::Little,
            opt_level: OptLevel::O2,
            deferral: Deferral::Headers,
            frame_bytes: bpfc_codegen::emit::MAX_FRAME_BYTES,
            usdt: Vec::new(),
            n_cpus: None,
            tables: Vec::new(),
            counts_lost: false,
            remarks: Vec::new(),
        }
    }
}

impl Options {
    /// The architecture that the program is for.
    pub(crate) fn target_arch(&self) -> Arch {
        self.arch.or_else(|| self.defined_arch()).unwrap_or_else(Arch::host)
    }

    /// What the last `-D__TARGET_ARCH_…` says.
    fn defined_arch(&self) -> Option<Arch> {
        self.defines.iter().rev().find_map(|define| arch_of_define(define))
    }

    /// What the preprocessor is asked.
    pub(crate) fn preprocessor(&self, dialect: Dialect) -> PpOptions {
        let is_bcc = dialect == Dialect::Bcc;
        let prelude = is_bcc.then(|| BCC_PRELUDE.to_owned());
        let usdt = (is_bcc && !self.usdt.is_empty()).then(|| usdt::HEADER.to_owned());
        // Ahead of the others, as if it were predefined.
        let arch = format!("__TARGET_ARCH_{}", self.target_arch().define());
        let others = self.defines.iter().filter(|define| arch_of_define(define).is_none());
        // BCC's compiler takes programs for ones of the machine itself.
        let host = is_bcc.then(|| machine_macro(self.target_arch()).to_owned());
        let defines = iter::once(arch).chain(host).chain(others.cloned()).collect();
        PpOptions {
            defines,
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
            byte_order: match self.endian {
                Endian::Little => ByteOrder::Little,
                Endian::Big => ByteOrder::Big,
            },
            deferral: self.deferral,
            predefined: Predefined::Target,
        }
    }
}

fn arch_of_define(define: &str) -> Option<Arch> {
    Arch::from_define(define.split('=').next().unwrap_or(define))
}

/// What compilers for this machine define.
fn machine_macro(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "__x86_64__",
        Arch::Arm64 => "__aarch64__",
        Arch::S390x => "__s390x__",
        Arch::Riscv64 => "__riscv",
        Arch::Ppc64 => "__powerpc64__",
        Arch::Loongarch64 => "__loongarch64",
        Arch::Arm => "__arm__",
        Arch::Mips64 => "__mips__",
    }
}

/// The built-in header that every program of BCC's dialect starts with.
const BCC_PRELUDE: &str = "bpfc/bcc.h";
