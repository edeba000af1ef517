//! Program types and attach types with their uapi numbers (`enum bpf_prog_type`, `enum bpf_attach_type`).

use crate::tables::prog::{ATTACH_TYPES, PROG_TYPES};
pub use crate::tables::prog::{AttachType, ProgType};
use crate::version::KernelVersion;

/// One row of `enum bpf_prog_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgTypeInfo {
    /// The type.
    pub ty: ProgType,
    /// The C name, such as `BPF_PROG_TYPE_XDP`.
    pub name: &'static str,
    /// The first kernel that has it.
    pub since: KernelVersion,
}

/// One row of `enum bpf_attach_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachTypeInfo {
    /// The type.
    pub ty: AttachType,
    /// The C name, such as `BPF_CGROUP_INET_INGRESS`.
    pub name: &'static str,
    /// The first kernel that has it.
    pub since: KernelVersion,
}

/// All program types in uapi order, which is the order of their numbers from 1.
pub fn prog_types() -> &'static [ProgTypeInfo] {
    &PROG_TYPES
}

/// All attach types in uapi order, which is the order of their numbers from 0.
pub fn attach_types() -> &'static [AttachTypeInfo] {
    &ATTACH_TYPES
}

impl ProgType {
    /// The uapi number, `prog_type` of `bpf(BPF_PROG_LOAD)`.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The type with this uapi number; `None` for 0 (unspecified) and for numbers this table does not know.
    pub fn from_number(number: u32) -> Option<Self> {
        let idx = usize::try_from(number).ok()?.checked_sub(1)?;
        PROG_TYPES.get(idx).map(|row| row.ty)
    }

    /// The type with this C name.
    pub fn from_name(name: &str) -> Option<Self> {
        PROG_TYPES.iter().find(|row| row.name == name).map(|row| row.ty)
    }

    /// This type's row.
    pub fn info(self) -> &'static ProgTypeInfo {
        &PROG_TYPES[self as usize - 1]
    }

    /// The C name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The first kernel that has this type.
    pub fn since(self) -> KernelVersion {
        self.info().since
    }

    /// Whether the verifier treats it as tracing, where `bpf_spin_lock` and (before 6.12 too) timers in maps are
    /// refused. Source: `is_tracing_prog_type`, `kernel/bpf/verifier.c` (6.12). An iterator is exempt from it.
    pub const fn is_tracing(self) -> bool {
        matches!(
            self,
            Self::Kprobe
                | Self::Tracepoint
                | Self::PerfEvent
                | Self::RawTracepoint
                | Self::RawTracepointWritable
        )
    }
}

impl AttachType {
    /// The uapi number, `expected_attach_type` of `bpf(BPF_PROG_LOAD)`.
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The type with this uapi number.
    pub fn from_number(number: u32) -> Option<Self> {
        ATTACH_TYPES.get(usize::try_from(number).ok()?).map(|row| row.ty)
    }

    /// The type with this C name.
    pub fn from_name(name: &str) -> Option<Self> {
        ATTACH_TYPES.iter().find(|row| row.name == name).map(|row| row.ty)
    }

    /// This type's row.
    pub fn info(self) -> &'static AttachTypeInfo {
        &ATTACH_TYPES[self as usize]
    }

    /// The C name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The first kernel that has this type.
    pub fn since(self) -> KernelVersion {
        self.info().since
    }
}

/// A set of program types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProgTypes(u64);

impl ProgTypes {
    /// No program type.
    pub const NONE: Self = Self(0);

    /// The set of these types.
    pub const fn of(types: &[ProgType]) -> Self {
        let mut bits = 0;
        let mut idx = 0;
        while idx < types.len() {
            bits |= 1 << types[idx] as u32;
            idx += 1;
        }
        Self(bits)
    }

    /// The set whose bit `n` stands for the type with uapi number `n`.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Whether `ty` is in the set.
    pub const fn contains(self, ty: ProgType) -> bool {
        self.0 & (1 << ty as u32) != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members in uapi order.
    pub fn iter(self) -> impl Iterator<Item = ProgType> {
        PROG_TYPES.iter().map(|row| row.ty).filter(move |ty| self.contains(*ty))
    }
}
