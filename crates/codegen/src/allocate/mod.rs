//! Register allocation: virtual registers to `r0` … `r9`.
//!
//! Iterated register coalescing (George and Appel, "Iterated Register Coalescing", TOPLAS
//! 1996) on an interference graph. Registers that a call overwrites interfere with what
//! lives across it. What does not fit goes to the stack frame, split: it has a register of its
//! own from where it is made or filled up to the next call; if even that does not fit, each
//! stretch of a block without calls has one, and at last each instruction. Constants and
//! addresses are computed again instead. Spills are aligned stores of whole registers, through
//! which the kernel's verifier follows pointers.
//!
//! [`check`] proves each allocation right on its own: it runs in debug builds and tests.

mod check;
mod color;
mod graph;
mod reuse;
mod share;
mod spill;
#[cfg(test)]
mod tests;

pub use check::{Mismatch, check};

use crate::ir::SlotId;
use crate::mach::{Block, Func, Inst, Op, VReg};
use bpfc_base::{Idx, IndexVec};
use bpfc_isa::{Reg, RegSet};
use color::Coloring;
use graph::Joins;

/// A function on its way to machine registers.
#[derive(Clone, Debug)]
pub struct Allocation {
    /// The function before allocation.
    original: Func<VReg>,
    /// Blocks as they are now; instructions of the function under allocation are in
    /// `steps`, its blocks have only terminators.
    func: Func<VReg>,
    steps: IndexVec<crate::mach::BlockId, Vec<Step>>,
    origins: IndexVec<VReg, Kind>,
    /// The first slot that holds spilled registers.
    first_spill: SlotId,
    /// Registers that are not handed out.
    reserved: RegSet,
}

/// An instruction of a function under allocation.
#[derive(Clone, Debug)]
struct Step {
    inst: Inst<VReg>,
    origin: Origin,
    /// A copy between registers that became one, or a constant that is computed elsewhere.
    is_dropped: bool,
}

/// Where an instruction comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Instruction of this position of the same block of the original.
    Original(u32),
    /// Stores a register into its slot.
    Spill,
    /// Loads a register from its slot.
    Reload,
    /// Computes the constant that a register of the original holds.
    Constant(VReg),
}

/// What a virtual register is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One of the original, wherever it lives.
    Whole,
    /// One that lives between calls; elsewhere it lives at home.
    Region(Home),
    /// One that lives in a stretch of a block; elsewhere it lives at home.
    Stretch(Home),
    /// One that lives at one instruction.
    Point,
}

/// Where a spilled register is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Home {
    Slot(SlotId),
    /// Computed again by this instruction, which defines this register of the original.
    Constant(VReg, Op<VReg>, Option<crate::ir::CoreId>),
}

/// Rounds of spilling after which the allocator itself is wrong: every round makes live
/// ranges shorter.
const MAX_ROUNDS: usize = 200;

/// Smaller functions are not looked through for crowds of live registers.
const MANY_REGISTERS: usize = 512;

/// Assigns machine registers.
///
/// Requires: `func` is valid. Ensures: the result computes the same ([`check`]); spilled
/// registers have new slots.
pub fn allocate(func: Func<VReg>) -> Func<Reg> {
    allocate_with(func, RegSet::of(Reg::FP))
}

/// As [`allocate`], without the registers in `reserved`.
pub(crate) fn allocate_with(mut func: Func<VReg>, reserved: RegSet) -> Func<Reg> {
    reuse::reuse_constants(&mut func);
    let (allocation, coloring) = assign(func, reserved);
    debug_assert_eq!(check(&allocation, &coloring), Ok(()), "{}", allocation.original);
    allocation.finish(&coloring)
}

fn assign(func: Func<VReg>, reserved: RegSet) -> (Allocation, Coloring) {
    let mut allocation = Allocation::new(func, reserved);
    // Whole registers become regions, then stretches, then points.
    for _ in 0..3 {
        if allocation.func.n_vregs > MANY_REGISTERS {
            let crowded = graph::crowded(&allocation);
            spill::spill(&mut allocation, &crowded);
        }
    }
    for round in 0..MAX_ROUNDS {
        let joins = match round {
            0..8 => Joins::Most,
            _ => Joins::Machine,
        };
        let graph = graph::build(&allocation, joins);
        let mut coloring = color::color(&allocation, graph);
        if coloring.spilled.is_empty() {
            share::share_slots(&mut allocation);
            return (allocation, coloring);
        }
        spill::rename_coalesced(&mut allocation, &coloring);
        let spilled = std::mem::take(&mut coloring.spilled);
        spill::spill(&mut allocation, &spilled);
    }
    unreachable!("registers of single instructions always fit");
}

impl Allocation {
    fn new(original: Func<VReg>, reserved: RegSet) -> Self {
        let mut func = original.clone();
        let mut steps = IndexVec::from_elem(Vec::new(), func.blocks.len());
        for id in func.blocks.ids() {
            let insts = std::mem::take(&mut func.blocks[id].insts);
            let step = |(at, inst): (usize, Inst<VReg>)| Step {
                is_dropped: inst.op.as_copy().is_some_and(|(dst, src)| dst == src),
                inst,
                origin: Origin::Original(at as u32),
            };
            steps[id] = insts.into_iter().enumerate().map(step).collect();
        }
        Self {
            origins: IndexVec::from_elem(Kind::Whole, func.n_vregs),
            first_spill: func.slots.next_id(),
            original,
            func,
            steps,
            reserved,
        }
    }

    fn new_register(&mut self, kind: Kind) -> VReg {
        self.origins.push(kind);
        self.func.n_vregs = self.origins.len();
        VReg::new(self.func.n_vregs - 1)
    }

    /// The function with instructions in place, dropped ones left out.
    fn whole(&self) -> Func<VReg> {
        let mut func = self.func.clone();
        for &id in &self.func.layout {
            let kept = self.steps[id].iter().filter(|step| !step.is_dropped);
            func.blocks[id].insts = kept.map(|step| step.inst).collect();
        }
        func
    }

    fn finish(self, coloring: &Coloring) -> Func<Reg> {
        let whole = self.whole();
        let reg = |vreg: VReg| coloring.reg(vreg);
        let block = |block: &Block<VReg>| Block {
            insts: block
                .insts
                .iter()
                .map(|inst| inst.map(reg))
                .filter(|inst| inst.op.as_copy().is_none_or(|(dst, src)| dst != src))
                .collect(),
            term: block.term.map(reg),
            term_span: block.term_span,
            depth: block.depth,
        };
        // Blocks outside the layout were never coloured.
        let mut blocks = IndexVec::from_elem(Block::default(), whole.blocks.len());
        for &id in &whole.layout {
            blocks[id] = block(&whole.blocks[id]);
        }
        Func {
            id: whole.id,
            name: whole.name,
            span: whole.span,
            blocks,
            layout: whole.layout,
            slots: whole.slots,
            n_variables: whole.n_variables,
            cores: whole.cores,
            asms: whole.asms,
            n_vregs: VReg::FIRST,
        }
    }
}
