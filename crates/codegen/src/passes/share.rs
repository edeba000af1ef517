//! Slots that are never needed at the same time share their place in the frame: so ways that do
//! the same become the same instructions, which the back end joins.
//!
//! A slot is needed between the first and the last instruction that mentions it, on every way
//! through the function. Which of the instructions write all of it does not matter: temporaries
//! of calls, of which large programs have many, are mentioned in two or three places.

use crate::analysis::{Region, regions};
use crate::ir::{BinaryOp, Body, Callee, FuncId, Module, Op, SlotId, Value};
use bpfc_base::{Idx, IndexVec};

/// What fits in no frame at all (`MAX_BPF_STACK`, Linux 3.18).
const FULL_FRAME_BYTES: u64 = 512;

/// With more slots than this, the quadratic table of conflicts is not made.
const MAX_SLOTS: usize = 1024;

/// Gives slots with the same place one number; true if there are any.
///
/// Requires: what [`expand`](super::expand) ensures, and nothing behind this pass splits slots.
/// Ensures: the frame is not larger than before.
pub fn share_slots(module: &Module, id: FuncId, body: &mut Body) -> bool {
    share_beyond(0, module, id, body)
}

/// [`share_slots`], only where the frame would not fit otherwise.
pub fn share_slots_at_need(module: &Module, id: FuncId, body: &mut Body) -> bool {
    share_beyond(FULL_FRAME_BYTES, module, id, body)
}

fn share_beyond(max_bytes: u64, module: &Module, id: FuncId, body: &mut Body) -> bool {
    let n = body.slots.len();
    let size: u64 = body.slots.iter().map(|slot| u64::from(slot.size)).sum();
    if size <= max_bytes || n > MAX_SLOTS {
        return false;
    }
    let mut ctx = Ctx::new(module, id, body);
    ctx.find_mentions(body);
    ctx.find_conflicts(body);
    let shared = ctx.place(body);
    let is_changed = shared.iter_enumerated().any(|(slot, &to)| slot != to);
    for (slot, &to) in shared.iter_enumerated() {
        let (size, align) = (body.slots[slot].size, body.slots[slot].align);
        if slot != to {
            body.slots[slot].size = 0;
            let to = &mut body.slots[to];
            to.size = to.size.max(size);
            to.align = to.align.max(align);
        }
    }
    for value in body.values.iter_mut() {
        if let Op::SlotAddr(slot, _) = &mut value.op {
            *slot = shared[*slot];
        }
    }
    is_changed
}

/// A set of slots.
type Slots = Vec<bool>;

struct Ctx {
    regions: IndexVec<Value, Region>,
    /// Slots whose address goes where it is not followed: they share with none.
    pinned: Slots,
    /// Per block, its mentions: slot and index of the instruction; the terminator is last.
    mentions: Vec<Vec<(usize, usize)>>,
    /// Per pair.
    conflicts: Vec<Slots>,
}

impl Ctx {
    fn new(module: &Module, id: FuncId, body: &Body) -> Self {
        let n = body.slots.len();
        Self {
            regions: regions(module, id, body),
            pinned: vec![false; n],
            mentions: vec![Vec::new(); body.blocks.len()],
            conflicts: vec![vec![false; n]; n],
        }
    }

    fn slot(&self, value: Value) -> Option<usize> {
        match self.regions[value] {
            Region::Stack(slot) => Some(slot.index()),
            _ => None,
        }
    }

    fn find_mentions(&mut self, body: &Body) {
        for id in body.reverse_postorder() {
            let block = &body.blocks[id];
            let mut found = Vec::new();
            for &param in &block.params {
                found.extend(self.slot(param).map(|slot| (slot, 0)));
            }
            for (idx, &inst) in block.insts.iter().enumerate() {
                body.op(inst).for_each_operand(|value| {
                    found.extend(self.slot(value).map(|slot| (slot, idx)));
                });
                self.pin_escapes(body, inst);
            }
            let end = block.insts.len();
            block.term.for_each_operand(|value| {
                found.extend(self.slot(value).map(|slot| (slot, end)));
            });
            let mut lost = Vec::new();
            for target in block.term.targets() {
                let params = &body.blocks[target.block].params;
                for (&param, &arg) in params.iter().zip(&target.args) {
                    lost.extend(self.slot(arg).filter(|_| self.slot(param) != self.slot(arg)));
                }
            }
            lost.into_iter().for_each(|slot| self.pinned[slot] = true);
            self.mentions[id.index()] = found;
        }
    }

    /// Pins the slots whose address `inst` hands on to where it is not seen.
    fn pin_escapes(&mut self, body: &Body, inst: Value) {
        let result = self.slot(inst);
        let mut lost: Vec<Value> = Vec::new();
        match body.op(inst) {
            // What is read or written is a mention; what is written must be no address.
            Op::Load(_) | Op::MemCopy { .. } | Op::MemSet { .. } | Op::Compare(..) => {}
            Op::Binary(BinaryOp::Sub, a, b) if self.slot(a).is_some() && self.slot(b).is_some() => {
            }
            // Nothing keeps an address beyond the call of a helper.
            Op::Call(Callee::Helper(_), _) => {}
            Op::Store(_, value) => lost.push(value),
            Op::Atomic { value, expected, .. } => {
                lost.push(value);
                lost.extend(expected);
            }
            op => op.for_each_operand(|value| {
                if self.slot(value) != result {
                    lost.push(value);
                }
            }),
        }
        let lost: Vec<usize> = lost.into_iter().filter_map(|value| self.slot(value)).collect();
        lost.into_iter().for_each(|slot| self.pinned[slot] = true);
    }

    fn find_conflicts(&mut self, body: &Body) {
        let n = body.slots.len();
        let before = self.flow(body, Direction::Forward);
        let after = self.flow(body, Direction::Backward);
        for id in body.reverse_postorder() {
            let end = body.blocks[id].insts.len();
            // From the first to the last instruction of the block where the slot is needed.
            let mut ranges: Vec<Option<(usize, usize)>> = vec![None; n];
            for &(slot, at) in &self.mentions[id.index()] {
                let range = ranges[slot].get_or_insert((at, at));
                *range = (range.0.min(at), range.1.max(at));
            }
            for (slot, range) in ranges.iter_mut().enumerate() {
                let (is_before, is_after) = (before[id.index()][slot], after[id.index()][slot]);
                *range = match *range {
                    Some((first, last)) => {
                        Some((if is_before { 0 } else { first }, if is_after { end } else { last }))
                    }
                    None => (is_before && is_after).then_some((0, end)),
                };
            }
            let live: Vec<(usize, (usize, usize))> = ranges
                .iter()
                .enumerate()
                .filter_map(|(slot, &range)| Some((slot, range?)))
                .collect();
            for (idx, &(a, (a_first, a_last))) in live.iter().enumerate() {
                for &(b, (b_first, b_last)) in &live[..idx] {
                    if a_first <= b_last && b_first <= a_last {
                        self.conflicts[a][b] = true;
                        self.conflicts[b][a] = true;
                    }
                }
            }
        }
    }

    /// Per block, the slots that are mentioned before its begin or after its end.
    fn flow(&self, body: &Body, direction: Direction) -> Vec<Slots> {
        let n = body.slots.len();
        let mut found = vec![vec![false; n]; body.blocks.len()];
        let mut order = body.reverse_postorder();
        if direction == Direction::Backward {
            order.reverse();
        }
        let mut is_changed = true;
        while is_changed {
            is_changed = false;
            for &from in &order {
                for target in body.blocks[from].term.targets() {
                    let (source, to) = match direction {
                        Direction::Forward => (from.index(), target.block.index()),
                        Direction::Backward => (target.block.index(), from.index()),
                    };
                    let mut at_end = found[source].clone();
                    self.mentions[source].iter().for_each(|&(slot, _)| at_end[slot] = true);
                    for (slot, _) in at_end.iter().enumerate().filter(|(_, it)| **it) {
                        is_changed |= !std::mem::replace(&mut found[to][slot], true);
                    }
                }
            }
        }
        found
    }

    /// For each slot, the one whose place it takes: the largest of a crowd.
    fn place(&self, body: &Body) -> IndexVec<SlotId, SlotId> {
        let mut shared: IndexVec<SlotId, SlotId> = body.slots.ids().collect();
        let mut order: Vec<SlotId> = body.slots.ids().collect();
        order.retain(|&slot| body.slots[slot].size > 0 && !self.pinned[slot.index()]);
        order.sort_by_key(|&slot| std::cmp::Reverse(body.slots[slot].size));
        let mut crowds: Vec<Vec<SlotId>> = Vec::new();
        for slot in order {
            let has_room = |crowd: &&mut Vec<SlotId>| {
                crowd.iter().all(|other| !self.conflicts[slot.index()][other.index()])
            };
            match crowds.iter_mut().find(has_room) {
                Some(crowd) => {
                    shared[slot] = crowd[0];
                    crowd.push(slot);
                }
                None => crowds.push(vec![slot]),
            }
        }
        shared
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}
