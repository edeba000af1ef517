//! Slots that are only read and written as a whole become values.
//!
//! SSA construction: parameters at iterated dominance frontiers (Cytron et al. 1991) where
//! the slot is live, then a walk over the dominator tree.

use super::cfg::{Replacements, simplify_params};
use crate::analysis::Dominators;
use crate::ir::*;
use bpfc_base::{IndexVec, Span};

/// Promotes slots to values; true if there was one.
///
/// Requires: addresses of slots are leaves (`simplify`, or fresh from lowering).
/// Ensures: promoted slots are used nowhere; their size is 0.
pub fn promote_slots(body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let kinds = find_promotable(body, &dominators);
    let promotable: Vec<SlotId> = kinds.ids().filter(|&slot| kinds[slot].is_some()).collect();
    if promotable.is_empty() {
        return false;
    }
    let mut ctx = Ctx {
        homes: IndexVec::from_elem(Vec::new(), body.blocks.len()),
        replaced: Replacements::new(body),
        children: dominators.children(),
        kinds,
        body,
    };
    let frontiers = frontiers(&dominators, ctx.body.blocks.len());
    let accesses = ctx.find_accesses(&dominators);
    let mut marks = Marks::new(ctx.body.blocks.len());
    for &slot in &promotable {
        ctx.place_params(slot, &accesses[slot], &mut marks, &dominators, &frontiers);
    }
    ctx.rename();
    let Ctx { replaced, .. } = ctx;
    replaced.apply(body);
    for slot in promotable {
        body.slots[slot].size = 0;
    }
    simplify_params(body);
    true
}

/// How a promoted slot's value is held: its width in memory and its type. Above the width
/// the bits are unspecified.
type Kind = (Width, Type);

struct Ctx<'a> {
    body: &'a mut Body,
    kinds: IndexVec<SlotId, Option<Kind>>,
    /// For every block the slots that its last parameters stand for.
    homes: IndexVec<BlockId, Vec<SlotId>>,
    replaced: Replacements,
    children: IndexVec<BlockId, Vec<BlockId>>,
}

/// The blocks that access a slot, in reverse postorder.
#[derive(Clone, Default)]
struct Accesses {
    /// Those that read it before they write it.
    reads: Vec<BlockId>,
    writes: Vec<BlockId>,
}

/// Marks on blocks; cleared in the time that it took to set them.
struct Marks {
    of: IndexVec<BlockId, u8>,
    marked: Vec<BlockId>,
}

impl Marks {
    const WRITES: u8 = 1;
    const LIVE_IN: u8 = 2;
    const HAS_PARAM: u8 = 4;

    fn new(n_blocks: usize) -> Self {
        Self { of: IndexVec::from_elem(0, n_blocks), marked: Vec::new() }
    }

    fn clear(&mut self) {
        for block in self.marked.drain(..) {
            self.of[block] = 0;
        }
    }

    fn has(&self, block: BlockId, mark: u8) -> bool {
        self.of[block] & mark != 0
    }

    /// Marks a block; whether it was not.
    fn set(&mut self, block: BlockId, mark: u8) -> bool {
        if self.of[block] == 0 {
            self.marked.push(block);
        }
        let is_new = !self.has(block, mark);
        self.of[block] |= mark;
        is_new
    }
}

/// The value of each slot at one place of the walk, and how to go back.
struct Current {
    values: IndexVec<SlotId, Option<Value>>,
    undo: Vec<(SlotId, Option<Value>)>,
}

impl Current {
    fn set(&mut self, slot: SlotId, value: Value) {
        let old = self.values[slot].replace(value);
        self.undo.push((slot, old));
    }

    fn return_to(&mut self, n_undo: usize) {
        for (slot, old) in self.undo.drain(n_undo..).rev() {
            self.values[slot] = old;
        }
    }
}

/// Slots whose every use is a load or store of one width at offset 0.
fn find_promotable(body: &Body, dominators: &Dominators) -> IndexVec<SlotId, Option<Kind>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Nothing,
        Only(Kind),
        Other,
    }
    let mut seen = IndexVec::from_elem(Seen::Nothing, body.slots.len());
    let escape = |seen: &mut IndexVec<SlotId, Seen>, value: Value| {
        if let Op::SlotAddr(slot, _) = body.op(value) {
            seen[slot] = Seen::Other;
        }
    };
    let access = |seen: &mut IndexVec<SlotId, Seen>, access: Access, ty: Type| {
        let Some((slot, offset)) = body.as_slot(access.address) else {
            return;
        };
        let ty = if access.width == Width::W64 { ty } else { Type::I32 };
        seen[slot] = match seen[slot] {
            _ if offset != 0 || access.is_volatile => Seen::Other,
            Seen::Nothing => Seen::Only((access.width, ty)),
            Seen::Only((width, _)) if width != access.width => Seen::Other,
            // Where pointers and integers mix, both are kept as integers.
            Seen::Only((width, known)) if known != ty => Seen::Only((width, Type::I64)),
            known => known,
        };
    };
    for &id in &dominators.order {
        for &inst in &body.blocks[id].insts {
            match body.op(inst) {
                Op::Load(a) => access(&mut seen, a, body.ty(inst)),
                Op::Store(a, value) => {
                    access(&mut seen, a, body.ty(value));
                    escape(&mut seen, value);
                }
                op => op.for_each_operand(|value| escape(&mut seen, value)),
            }
        }
        body.blocks[id].term.for_each_operand(|value| escape(&mut seen, value));
    }
    let kinds = seen.iter().map(|seen| match seen {
        Seen::Only(kind) => Some(*kind),
        Seen::Nothing | Seen::Other => None,
    });
    kinds.collect()
}

/// For every block those where its dominance ends.
fn frontiers(dominators: &Dominators, n_blocks: usize) -> IndexVec<BlockId, Vec<BlockId>> {
    let mut frontiers = IndexVec::from_elem(Vec::new(), n_blocks);
    for &block in &dominators.order {
        if dominators.preds[block].len() < 2 {
            continue;
        }
        for &pred in &dominators.preds[block] {
            let mut runner = Some(pred);
            while runner != dominators.immediate(block) {
                let Some(at) = runner else { break };
                let frontier: &mut Vec<BlockId> = &mut frontiers[at];
                if !frontier.contains(&block) {
                    frontier.push(block);
                }
                runner = dominators.immediate(at);
            }
        }
    }
    frontiers
}

impl Ctx<'_> {
    /// What an instruction does with a promoted slot.
    fn promoted(&self, inst: Value) -> Option<(SlotId, Kind, Option<Value>)> {
        let (access, value) = match self.body.op(inst) {
            Op::Load(access) => (access, None),
            Op::Store(access, value) => (access, Some(value)),
            _ => return None,
        };
        let (slot, _) = self.body.as_slot(access.address)?;
        Some((slot, self.kinds[slot]?, value))
    }

    /// Where the promoted slots are read and written, in one walk.
    fn find_accesses(&self, dominators: &Dominators) -> IndexVec<SlotId, Accesses> {
        let mut accesses = IndexVec::from_elem(Accesses::default(), self.kinds.len());
        for &block in &dominators.order {
            for &inst in &self.body.blocks[block].insts {
                let Some((slot, _, stored)) = self.promoted(inst) else {
                    continue;
                };
                let Accesses { reads, writes } = &mut accesses[slot];
                let is_written = writes.last() == Some(&block);
                match stored {
                    Some(_) if !is_written => writes.push(block),
                    None if !is_written && reads.last() != Some(&block) => reads.push(block),
                    _ => {}
                }
            }
        }
        accesses
    }

    fn place_params(
        &mut self,
        slot: SlotId,
        accesses: &Accesses,
        marks: &mut Marks,
        dominators: &Dominators,
        frontiers: &IndexVec<BlockId, Vec<BlockId>>,
    ) {
        let Some((_, ty)) = self.kinds[slot] else {
            return;
        };
        marks.clear();
        for &block in &accesses.writes {
            marks.set(block, Marks::WRITES);
        }
        let mut live = accesses.reads.clone();
        while let Some(block) = live.pop() {
            if marks.set(block, Marks::LIVE_IN) {
                let preds = dominators.preds[block].iter();
                live.extend(preds.filter(|pred| !marks.has(**pred, Marks::WRITES)));
            }
        }
        let mut todo = accesses.writes.clone();
        while let Some(block) = todo.pop() {
            for &at in &frontiers[block] {
                if marks.set(at, Marks::HAS_PARAM) && marks.has(at, Marks::LIVE_IN) {
                    self.body.push_param(at, ty, Span::NONE);
                    self.homes[at].push(slot);
                    todo.push(at);
                }
            }
        }
    }

    /// Walks the dominator tree with each slot's current value.
    fn rename(&mut self) {
        let mut current =
            Current { values: IndexVec::from_elem(None, self.kinds.len()), undo: Vec::new() };
        // A block, and how many changes its dominators had made.
        let mut todo = vec![(self.body.entry, 0)];
        while let Some((block, n_undo)) = todo.pop() {
            current.return_to(n_undo);
            self.rename_block(block, &mut current);
            let n_undo = current.undo.len();
            todo.extend(self.children[block].iter().map(|&child| (child, n_undo)));
        }
    }

    fn rename_block(&mut self, id: BlockId, current: &mut Current) {
        let n_own = self.body.blocks[id].params.len() - self.homes[id].len();
        for (idx, &slot) in self.homes[id].iter().enumerate() {
            current.set(slot, self.body.blocks[id].params[n_own + idx]);
        }
        let insts = std::mem::take(&mut self.body.blocks[id].insts);
        for inst in insts {
            let Some((slot, kind, stored)) = self.promoted(inst) else {
                self.body.blocks[id].insts.push(inst);
                continue;
            };
            match stored {
                Some(value) => {
                    let value = self.replaced.get(value);
                    current.set(slot, self.as_held(id, value, kind));
                }
                None => {
                    let value = self.value_of(current, slot);
                    self.read(id, inst, value, kind);
                }
            }
        }
        let mut term = std::mem::replace(&mut self.body.blocks[id].term, Term::Unreachable);
        for target in term.targets_mut() {
            for idx in 0..self.homes[target.block].len() {
                let slot = self.homes[target.block][idx];
                let value = self.value_of(current, slot);
                target.args.push(value);
            }
        }
        self.body.blocks[id].term = term;
    }

    fn value_of(&mut self, current: &Current, slot: SlotId) -> Value {
        let (_, ty) = self.kinds[slot].expect("promoted slots have a kind");
        match current.values[slot] {
            Some(value) => value,
            None => self.body.leaf(Op::Undef, ty),
        }
    }

    /// A value as the slot holds it.
    fn as_held(&mut self, block: BlockId, value: Value, (_, ty): Kind) -> Value {
        let op = match (self.body.ty(value), ty) {
            (Type::I64, Type::I32) => Op::Trunc(value),
            (Type::I32, Type::I64) => Op::Zext(value),
            (Type::I64, Type::Ptr) => Op::IntToPtr(value),
            (Type::Ptr, Type::I64) => Op::PtrToInt(value),
            (Type::Ptr, Type::I32) => {
                let wide = Op::PtrToInt(value);
                let wide = self.body.push(block, wide, Type::I64, Span::NONE);
                Op::Trunc(wide)
            }
            _ => return value,
        };
        self.body.push(block, op, ty, Span::NONE)
    }

    /// Turns a load into what it reads: the slot's value, of the load's type, zero-extended.
    fn read(&mut self, block: BlockId, inst: Value, value: Value, (width, ty): Kind) {
        let wanted = self.body.ty(inst);
        let span = self.body.values[inst].span;
        let mut value = value;
        if width < Width::W32 {
            let mask = self.body.constant(Type::I32, width.mask() as i64);
            let masked = Op::Binary(BinaryOp::And, value, mask);
            value = self.body.push(block, masked, Type::I32, span);
        }
        let op = match (ty, wanted) {
            (Type::I32, Type::I64) => Op::Zext(value),
            (Type::I64, Type::Ptr) => Op::IntToPtr(value),
            (Type::Ptr, Type::I64) => Op::PtrToInt(value),
            _ => return self.replaced.set(inst, value),
        };
        self.body.values[inst].op = op;
        self.body.blocks[block].insts.push(inst);
    }
}
