//! Machine functions and blocks.

use super::{AsmUse, AsmUseId, Inst, Source};
use crate::ir::{Core, CoreId, FuncId, Slot, SlotId};
use bpfc_base::{IndexVec, Span, index_type};
use bpfc_isa::{JmpOp, Width};

index_type! {
    /// A block of machine instructions.
    pub struct BlockId, "block"
}

/// A machine function over registers of type `R`.
#[derive(Clone, Debug)]
pub struct Func<R> {
    /// The function in its module.
    pub id: FuncId,
    /// Its name.
    pub name: String,
    /// Its name in the source.
    pub span: Span,
    /// All blocks.
    pub blocks: IndexVec<BlockId, Block<R>>,
    /// Blocks that are emitted, in this order; the entry first.
    pub layout: Vec<BlockId>,
    /// Pieces of the stack frame: variables, then spilled registers.
    pub slots: IndexVec<SlotId, Slot>,
    /// How many of the slots are variables.
    pub n_variables: usize,
    /// Questions to the kernel's BTF.
    pub cores: IndexVec<CoreId, Core>,
    /// Inline assembly.
    pub asms: IndexVec<AsmUseId, AsmUse>,
    /// Number of virtual registers, machine registers included.
    pub n_vregs: usize,
}

/// A block of machine instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<R> {
    /// Executed in order.
    pub insts: Vec<Inst<R>>,
    /// How the block ends.
    pub term: Term<R>,
    /// The source that the terminator stands for.
    pub term_span: Span,
    /// Number of loops around it.
    pub depth: u32,
}

/// How a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Term<R> {
    /// Goes on elsewhere.
    Jump(BlockId),
    /// Goes to one of two blocks.
    Branch {
        /// How to compare.
        op: JmpOp,
        /// How much of the registers.
        width: Width,
        /// Left operand.
        lhs: R,
        /// Right operand.
        rhs: Source<R>,
        /// Where to go if it holds.
        then: BlockId,
        /// Where to go if not.
        otherwise: BlockId,
    },
    /// The block's inline assembly may jump to a label; if not, `otherwise` has the others.
    AsmExit {
        /// The label, by position.
        label: u32,
        /// The label's block.
        then: BlockId,
        /// The block of the other labels, or where it goes on.
        otherwise: BlockId,
    },
    /// Never reached: ends without an instruction.
    Nowhere,
    /// Returns; with a value in `r0` or without one.
    Exit {
        /// Whether `r0` is read.
        has_value: bool,
    },
}

impl<R> Default for Block<R> {
    fn default() -> Self {
        Self {
            insts: Vec::new(),
            term: Term::Exit { has_value: false },
            term_span: Span::NONE,
            depth: 0,
        }
    }
}

impl<R> Func<R> {
    /// Where the function starts.
    pub fn entry(&self) -> BlockId {
        self.layout[0]
    }
}

impl<R: Copy> Term<R> {
    /// Where it goes; `then` first.
    pub fn successors(&self) -> impl DoubleEndedIterator<Item = BlockId> + use<R> {
        let (first, second) = match *self {
            Term::Jump(target) => (Some(target), None),
            Term::Branch { then, otherwise, .. } | Term::AsmExit { then, otherwise, .. } => {
                (Some(then), Some(otherwise))
            }
            Term::Exit { .. } | Term::Nowhere => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// Calls `visit` with every block that it goes to.
    pub fn for_each_successor_mut(&mut self, mut visit: impl FnMut(&mut BlockId)) {
        match self {
            Term::Jump(target) => visit(target),
            Term::Branch { then, otherwise, .. } | Term::AsmExit { then, otherwise, .. } => {
                visit(then);
                visit(otherwise);
            }
            Term::Exit { .. } | Term::Nowhere => {}
        }
    }

    /// Calls `visit` with every register that it reads by name.
    pub fn for_each_reg(&self, mut visit: impl FnMut(R)) {
        let mut copy = *self;
        copy.for_each_reg_mut(|reg| visit(*reg));
    }

    /// Calls `visit` with every register that it reads by name.
    pub fn for_each_reg_mut(&mut self, mut visit: impl FnMut(&mut R)) {
        if let Term::Branch { lhs, rhs, .. } = self {
            visit(lhs);
            if let Source::Reg(rhs) = rhs {
                visit(rhs);
            }
        }
    }

    /// The same over other registers.
    pub fn map<S>(&self, mut reg: impl FnMut(R) -> S) -> Term<S> {
        match *self {
            Term::Jump(target) => Term::Jump(target),
            Term::Branch { op, width, lhs, rhs, then, otherwise } => {
                Term::Branch { op, width, lhs: reg(lhs), rhs: rhs.map(reg), then, otherwise }
            }
            Term::AsmExit { label, then, otherwise } => Term::AsmExit { label, then, otherwise },
            Term::Exit { has_value } => Term::Exit { has_value },
            Term::Nowhere => Term::Nowhere,
        }
    }
}
