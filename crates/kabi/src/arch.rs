//! Architectures of kernels: whose registers and system calls a program sees.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// An architecture that Linux runs on and libbpf's register macros know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// x86-64.
    X86_64,
    /// 64-bit ARM.
    Arm64,
    /// 32-bit ARM.
    Arm,
    /// 64-bit RISC-V.
    Riscv64,
    /// IBM Z.
    S390x,
    /// 64-bit POWER, of either byte order.
    Ppc64,
    /// 64-bit LoongArch.
    Loongarch64,
    /// MIPS with the n64 ABI.
    Mips64,
}

/// What one architecture is called.
struct Names {
    arch: Arch,
    /// By bpfc.
    name: &'static str,
    /// By others, `uname -m` and Rust's `target_arch` among them.
    aliases: &'static [&'static str],
    /// Behind `__TARGET_ARCH_`: the folder under `arch/` of Linux.
    define: &'static str,
    /// The member that only this kernel's `struct pt_regs` has.
    register: &'static str,
}

const ROWS: [Names; 8] = [
    Names {
        arch: Arch::X86_64,
        name: "x86_64",
        aliases: &["x86", "amd64", "x86-64"],
        define: "x86",
        register: "di",
    },
    Names {
        arch: Arch::Arm64,
        name: "arm64",
        aliases: &["aarch64"],
        define: "arm64",
        register: "orig_x0",
    },
    Names {
        arch: Arch::Arm,
        name: "arm",
        aliases: &["armv7", "armv7l", "armhf"],
        define: "arm",
        register: "uregs",
    },
    Names {
        arch: Arch::Riscv64,
        name: "riscv64",
        aliases: &["riscv"],
        define: "riscv",
        register: "epc",
    },
    Names {
        arch: Arch::S390x,
        name: "s390x",
        aliases: &["s390"],
        define: "s390",
        register: "orig_gpr2",
    },
    Names {
        arch: Arch::Ppc64,
        name: "ppc64le",
        aliases: &["ppc64", "ppc64el", "powerpc", "powerpc64"],
        define: "powerpc",
        register: "orig_gpr3",
    },
    Names {
        arch: Arch::Loongarch64,
        name: "loongarch64",
        aliases: &["loongarch"],
        define: "loongarch",
        register: "csr_era",
    },
    Names {
        arch: Arch::Mips64,
        name: "mips",
        aliases: &["mips64", "mips64el", "mipsel"],
        define: "mips",
        register: "cp0_epc",
    },
];

impl Arch {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Arch> {
        ROWS.iter().map(|row| row.arch)
    }

    /// The one that bpfc itself runs on, or x86-64 where that is none of these.
    pub fn host() -> Arch {
        std::env::consts::ARCH.parse().unwrap_or(Arch::X86_64)
    }

    fn row(self) -> &'static Names {
        ROWS.iter().find(|row| row.arch == self).expect("every architecture has a row")
    }

    /// `x86_64`, `arm64`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Other spellings that [`Arch::from_str`] takes.
    pub fn aliases(self) -> &'static [&'static str] {
        self.row().aliases
    }

    /// What stands behind `__TARGET_ARCH_` in the macro by which libbpf's headers know it (`bpf_tracing.h`).
    pub fn define(self) -> &'static str {
        self.row().define
    }

    /// The architecture that `__TARGET_ARCH_…` stands for; `macro_name` is all of the macro's name.
    pub fn from_define(macro_name: &str) -> Option<Arch> {
        let name = macro_name.strip_prefix("__TARGET_ARCH_")?;
        ROWS.iter().find(|row| row.define == name).map(|row| row.arch)
    }

    /// A member that `struct pt_regs` has on this architecture and on no other (`arch/*/include/asm/ptrace.h`, Linux
    /// 6.12).
    pub fn register(self) -> &'static str {
        self.row().register
    }
}

/// The name is none of an architecture that bpfc knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownArch;

impl fmt::Display for UnknownArch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown architecture")
    }
}

impl Error for UnknownArch {}

impl FromStr for Arch {
    type Err = UnknownArch;

    fn from_str(name: &str) -> Result<Arch, UnknownArch> {
        let found = ROWS.iter().find(|row| row.name == name || row.aliases.contains(&name));
        found.map(|row| row.arch).ok_or(UnknownArch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_their_architecture() {
        for arch in Arch::all() {
            assert_eq!(arch.name().parse(), Ok(arch));
            assert!(arch.aliases().iter().all(|alias| alias.parse() == Ok(arch)));
            assert_eq!(Arch::from_define(&format!("__TARGET_ARCH_{}", arch.define())), Some(arch));
        }
        assert_eq!("vax".parse::<Arch>(), Err(UnknownArch));
        assert_eq!(Arch::from_define("__TARGET_ARCH_vax"), None);
    }
}
