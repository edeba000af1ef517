//! Inline assembly among machine instructions.

use super::{BlockId, Role};
use crate::ir::{Asm, SlotId};
use bpfc_base::index_type;
use bpfc_isa::Reg;
use std::sync::Arc;

index_type! {
    /// A use of inline assembly, of [`Func::asms`](super::Func::asms).
    pub struct AsmUseId, "use"
}

/// Inline assembly at its place in a function.
#[derive(Clone, Debug)]
pub struct AsmUse {
    /// The text.
    pub asm: Arc<Asm>,
    /// Where each operand is.
    pub operands: Vec<AsmArg>,
    /// How it jumps.
    pub exits: AsmExits,
}

/// Where an operand of inline assembly is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsmArg {
    /// In one of the instruction's registers.
    Reg(u8),
    /// In the lower half of one.
    Half(u8),
    /// In this machine register.
    Fixed(Reg),
    /// In the lower half of this machine register.
    FixedHalf(Reg),
    /// In the text.
    Text(crate::assembly::Spelled),
    /// In memory: one of the instruction's registers and an offset.
    Memory(u8, i32),
    /// In memory, counted from a machine register.
    FixedMemory(Reg, i32),
    /// In memory: a piece of the stack frame.
    Slot(SlotId, i32),
}

impl AsmArg {
    /// The piece of the stack frame that it is.
    pub fn slot(&self) -> Option<SlotId> {
        match self {
            AsmArg::Slot(slot, _) => Some(*slot),
            _ => None,
        }
    }

    /// The lower half of a register.
    pub fn halved(self) -> Self {
        match self {
            AsmArg::Reg(at) => AsmArg::Half(at),
            AsmArg::Fixed(reg) => AsmArg::FixedHalf(reg),
            other => other,
        }
    }
}

/// How inline assembly jumps to its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsmExits {
    /// It goes on behind it.
    None,
    /// By itself: the block ends with [`Term::AsmExit`](super::Term::AsmExit) for each label.
    Direct,
    /// It leaves the number of the label in one of the instruction's registers.
    Selector(u8),
}

/// Registers of operands of inline assembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AsmRegs<R> {
    n_regs: u8,
    /// A bit for each that is written before the others are read.
    early: u8,
    roles: [Role; AsmRegs::<()>::MAX],
    regs: [R; AsmRegs::<()>::MAX],
}

impl<R> AsmRegs<R> {
    /// As many as there are; what is more is in machine registers that selection chooses.
    pub const MAX: usize = 6;
}

impl<R: Copy> AsmRegs<R> {
    /// No registers; `filler` is any.
    pub fn new(filler: R) -> Self {
        let roles = [Role::Use; AsmRegs::<()>::MAX];
        Self { n_regs: 0, early: 0, roles, regs: [filler; AsmRegs::<()>::MAX] }
    }

    /// Adds one; its position, or `None` if there is no room.
    pub fn push(&mut self, reg: R, role: Role, is_early: bool) -> Option<u8> {
        let at = self.n_regs;
        *self.regs.get_mut(usize::from(at))? = reg;
        self.roles[usize::from(at)] = role;
        self.early |= u8::from(is_early) << at;
        self.n_regs += 1;
        Some(at)
    }

    /// The register at a position.
    pub fn get(&self, at: u8) -> R {
        self.regs[usize::from(at)]
    }

    /// All of them, how they are used, and whether they are written early.
    pub fn iter(&self) -> impl Iterator<Item = (R, Role, bool)> + '_ {
        (0..usize::from(self.n_regs))
            .map(|at| (self.regs[at], self.roles[at], self.early & 1 << at != 0))
    }

    /// Calls `visit` with every register.
    pub(super) fn visit(&mut self, mut visit: impl FnMut(&mut R, Role)) {
        for at in 0..usize::from(self.n_regs) {
            visit(&mut self.regs[at], self.roles[at]);
        }
    }

    /// The same over other registers.
    pub(super) fn map<S>(&self, reg: impl FnMut(R) -> S) -> AsmRegs<S> {
        let Self { n_regs, early, roles, regs } = *self;
        AsmRegs { n_regs, early, roles, regs: regs.map(reg) }
    }
}

/// Blocks that inline assembly jumps to, from its block's terminators.
pub fn asm_targets<R: Copy>(
    func: &super::Func<R>,
    mut block: BlockId,
    n_labels: u32,
) -> Vec<BlockId> {
    let mut targets = vec![block; n_labels as usize];
    for _ in 0..n_labels {
        let super::Term::AsmExit { label, then, otherwise } = func.blocks[block].term else {
            break;
        };
        if let Some(target) = targets.get_mut(label as usize) {
            *target = then;
        }
        block = otherwise;
    }
    targets
}
