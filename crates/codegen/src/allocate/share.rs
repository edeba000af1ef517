//! Spilled registers that are never needed at the same time share a slot; stores that
//! nothing loads again go.

use super::{Allocation, Origin, Step};
use crate::ir::SlotId;
use crate::mach::{Base, BitSet, BlockAccesses, Liveness, Op};
use bpfc_base::Idx;

/// With more slots than this, the quadratic table of conflicts is not made.
const MAX_SLOTS: usize = 8192;

/// Shares slots, and drops the slots that nobody needs.
pub fn share_slots(allocation: &mut Allocation) {
    let first = allocation.first_spill.index();
    let n = allocation.func.slots.len() - first;
    if n == 0 || n > MAX_SLOTS {
        return;
    }
    let liveness = live_slots(allocation, n);
    let mut conflicts = vec![BitSet::new(n); n];
    for at in 0..allocation.func.layout.len() {
        let id = allocation.func.layout[at];
        let mut live = BitSet::with(n, &liveness.live_out[id]);
        let mut kept = Vec::new();
        for step in std::mem::take(&mut allocation.steps[id]).into_iter().rev() {
            match access(&step, first) {
                Some((slot, true)) if !live.contains(slot) => continue,
                Some((slot, true)) => {
                    live.remove(slot);
                    for other in live.iter() {
                        conflicts[slot].insert(other);
                        conflicts[other].insert(slot);
                    }
                }
                Some((slot, false)) => {
                    live.insert(slot);
                }
                None => {}
            }
            kept.push(step);
        }
        kept.reverse();
        allocation.steps[id] = kept;
    }
    let mut shared: Vec<Option<usize>> = vec![None; n];
    let mut n_shared = 0;
    for slot in 0..n {
        let mut taken = BitSet::new(n);
        for place in conflicts[slot].iter().filter_map(|other| shared[other]) {
            taken.insert(place);
        }
        let is_free = |place: &usize| !taken.contains(*place);
        let place = (0..n).find(is_free).unwrap_or(slot);
        shared[slot] = Some(place);
        n_shared = n_shared.max(place + 1);
    }
    for at in 0..allocation.func.layout.len() {
        let id = allocation.func.layout[at];
        for step in &mut allocation.steps[id] {
            rename(step, first, &shared);
        }
    }
    allocation.func.slots.truncate(first + n_shared);
}

/// The spill slot that a step writes (true) or reads.
fn access(step: &Step, first: usize) -> Option<(usize, bool)> {
    let (address, is_store) = match (&step.inst.op, step.origin) {
        (Op::Store { address, .. }, Origin::Spill) => (address, true),
        (Op::Load { address, .. }, Origin::Reload) => (address, false),
        _ => return None,
    };
    match address.base {
        Base::Slot(slot) => Some((slot.index() - first, is_store)),
        Base::Reg(_) => None,
    }
}

fn rename(step: &mut Step, first: usize, shared: &[Option<usize>]) {
    let Some((slot, _)) = access(step, first) else {
        return;
    };
    if let Op::Store { address, .. } | Op::Load { address, .. } = &mut step.inst.op {
        let place = shared[slot].unwrap_or(slot);
        address.base = Base::Slot(SlotId::new(first + place));
    }
}

fn live_slots(allocation: &Allocation, n: usize) -> Liveness {
    let func = &allocation.func;
    let first = allocation.first_spill.index();
    let mut accesses = vec![BlockAccesses::default(); n];
    for &id in &func.layout {
        let steps = allocation.steps[id].iter().rev();
        for (slot, is_store) in steps.filter_map(|step| access(step, first)) {
            accesses[slot].add(id, is_store);
        }
    }
    Liveness::of(&func.predecessors(), &accesses)
}
