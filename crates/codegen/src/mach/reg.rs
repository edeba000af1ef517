//! Virtual registers, and what they have in common with the machine's.

use bpfc_base::Idx;
use bpfc_isa::Reg;
use std::fmt;

/// A register of either kind.
pub trait AnyReg: Copy + Eq + fmt::Display + fmt::Debug {
    /// Its number; machine registers come first and have their own.
    fn number(self) -> usize;
}

impl AnyReg for Reg {
    fn number(self) -> usize {
        usize::from(Reg::number(self))
    }
}

impl AnyReg for VReg {
    fn number(self) -> usize {
        self.index()
    }
}

/// A register before allocation: one of the machine's (`r0` to `r10`, where calling
/// conventions and implicit operands ask for it), or one still to be chosen (`v0`, `v1`, …).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VReg(u32);

/// Machine registers come first.
const N_REGS: u32 = Reg::ALL.len() as u32;

impl VReg {
    /// The first virtual register's position.
    pub const FIRST: usize = N_REGS as usize;

    /// The machine register `reg`.
    pub fn machine(reg: Reg) -> Self {
        Self(u32::from(reg.number()))
    }

    /// The machine register that it is, if it is one.
    pub fn as_machine(self) -> Option<Reg> {
        u8::try_from(self.0).ok().and_then(Reg::new)
    }
}

impl Idx for VReg {
    fn new(idx: usize) -> Self {
        Self(u32::try_from(idx).expect("fewer than 2^32 registers in a function"))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<Reg> for VReg {
    fn from(reg: Reg) -> Self {
        Self::machine(reg)
    }
}

impl fmt::Display for VReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_machine() {
            Some(reg) => reg.fmt(f),
            None => write!(f, "v{}", self.0 - N_REGS),
        }
    }
}

impl fmt::Debug for VReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
