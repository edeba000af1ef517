//! Registers and sets of registers.

use std::fmt;

/// A BPF register (RFC 9669 §2). `Display` prints `r3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Reg {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

impl Reg {
    /// All registers, by number.
    pub const ALL: [Reg; 11] = [
        Reg::R0,
        Reg::R1,
        Reg::R2,
        Reg::R3,
        Reg::R4,
        Reg::R5,
        Reg::R6,
        Reg::R7,
        Reg::R8,
        Reg::R9,
        Reg::R10,
    ];
    /// The read-only frame pointer, one past the highest byte of the stack frame.
    pub const FP: Reg = Reg::R10;
    /// The registers that carry arguments, in order.
    pub const ARGS: [Reg; 5] = [Reg::R1, Reg::R2, Reg::R3, Reg::R4, Reg::R5];

    /// The register with this number, if there is one (0 to 10).
    pub fn new(number: u8) -> Option<Reg> {
        Reg::ALL.get(usize::from(number)).copied()
    }

    /// The number of the register, 0 to 10.
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.number())
    }
}

/// A set of registers. `Display` prints `{r0, r6}`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RegSet(u16);

impl RegSet {
    /// No register.
    pub const EMPTY: RegSet = RegSet(0);
    /// `r1` to `r5`, the arguments of a call.
    pub const ARGS: RegSet = RegSet(0b11_1110);
    /// `r0` to `r5`, which a call overwrites.
    pub const CALLER_SAVED: RegSet = RegSet(0b11_1111);
    /// `r6` to `r9`, which a call preserves.
    pub const CALLEE_SAVED: RegSet = RegSet(0b11_1100_0000);

    /// The set with one member.
    pub const fn of(reg: Reg) -> RegSet {
        RegSet(1 << reg as u8)
    }

    /// Whether `reg` is a member.
    pub const fn contains(self, reg: Reg) -> bool {
        self.0 & RegSet::of(reg).0 != 0
    }

    /// The members of either set.
    pub const fn union(self, other: RegSet) -> RegSet {
        RegSet(self.0 | other.0)
    }

    /// The members of both sets.
    pub const fn intersection(self, other: RegSet) -> RegSet {
        RegSet(self.0 & other.0)
    }

    /// The members of `self` that are not in `other`.
    pub const fn difference(self, other: RegSet) -> RegSet {
        RegSet(self.0 & !other.0)
    }

    /// Whether the set has no member.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The number of members.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Adds `reg`; whether it was absent.
    pub fn insert(&mut self, reg: Reg) -> bool {
        let absent = !self.contains(reg);
        *self = self.union(RegSet::of(reg));
        absent
    }

    /// Removes `reg`; whether it was present.
    pub fn remove(&mut self, reg: Reg) -> bool {
        let present = self.contains(reg);
        *self = self.difference(RegSet::of(reg));
        present
    }

    /// The members, by number.
    pub fn iter(self) -> impl Iterator<Item = Reg> {
        Reg::ALL.into_iter().filter(move |&reg| self.contains(reg))
    }
}

impl FromIterator<Reg> for RegSet {
    fn from_iter<I: IntoIterator<Item = Reg>>(regs: I) -> RegSet {
        regs.into_iter().fold(RegSet::EMPTY, |set, reg| set.union(RegSet::of(reg)))
    }
}

impl fmt::Display for RegSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, reg) in self.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{reg}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for RegSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
