//! Kernel functions that programs may call (`__ksym`): flags and who may call them. Their types come from BTF.
//!
//! Source: isovalent/ebpf-docs, July 2026. The kernel promises no stability for them: BTF of the target decides.

use crate::prog::ProgTypes;
use crate::tables::kfunc::KFUNCS;
use crate::version::KernelVersion;

/// One kernel function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kfunc {
    /// The C name.
    pub name: &'static str,
    /// The first kernel that has it, where that is known.
    pub since: Option<KernelVersion>,
    /// What the verifier knows of it beside its type.
    pub flags: KfuncFlags,
    /// The program types whose sets hold it.
    pub progs: ProgTypes,
}

/// Flags of a kernel function (`KF_…`, `include/linux/btf.h`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KfuncFlags(u16);

impl KfuncFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// The result holds a reference.
    pub const ACQUIRE: Self = Self(1);
    /// The call gives back the reference of an argument.
    pub const RELEASE: Self = Self(2);
    /// The result may be null.
    pub const RET_NULL: Self = Self(4);
    /// Pointer arguments must be trusted.
    pub const TRUSTED_ARGS: Self = Self(8);
    /// Sleepable programs only.
    pub const SLEEPABLE: Self = Self(16);
    /// Needs `CAP_SYS_BOOT`.
    pub const DESTRUCTIVE: Self = Self(32);
    /// Pointer arguments must be trusted or protected by RCU.
    pub const RCU: Self = Self(64);
    /// Starts an iterator.
    pub const ITER_NEW: Self = Self(128);
    /// Advances an iterator.
    pub const ITER_NEXT: Self = Self(256);
    /// Ends an iterator.
    pub const ITER_DESTROY: Self = Self(512);

    /// Both sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// All known kernel functions by ascending name.
pub fn kfuncs() -> &'static [Kfunc] {
    &KFUNCS
}

/// The kernel function of this name.
pub fn kfunc(name: &str) -> Option<&'static Kfunc> {
    KFUNCS.binary_search_by(|row| row.name.cmp(name)).ok().map(|idx| &KFUNCS[idx])
}
