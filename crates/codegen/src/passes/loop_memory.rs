//! Globals that a loop reads and writes are kept in values while it runs, as far as nobody in it
//! can tell. A loop that counts in a global has an end only then, as the kernel's verifier sees
//! it: of what is in a map, and that is where globals are, it knows nothing.

use crate::analysis::{Dominators, Loop, Region, find_loops, regions};
use crate::ir::*;
use bpfc_base::IndexVec;

/// Places promoted in one run; each needs dominators anew.
const MAX_PLACES: usize = 64;

/// Gives globals that loops use slots for as long as these run; true if there were any.
///
/// Requires: constant parts of addresses are in offsets (`simplify`); loops are rotated.
/// Ensures: what is stored behind a loop was stored in each of its runs before. The slots are for
/// `promote_slots`.
pub fn promote_in_loops(module: &Module, id: FuncId, body: &mut Body) -> bool {
    let mut changed = false;
    for _ in 0..MAX_PLACES {
        let dominators = Dominators::new(body);
        let regions = regions(module, id, body);
        let loops = find_loops(body, &dominators);
        let ctx = Ctx { module, body, dominators: &dominators, regions: &regions };
        let found = loops.iter().find_map(|of| Some((of, ctx.find(of)?)));
        let Some((of, place)) = found else {
            break;
        };
        promote(body, &dominators, of, &place);
        changed = true;
    }
    changed
}

struct Ctx<'a> {
    module: &'a Module,
    body: &'a Body,
    dominators: &'a Dominators,
    regions: &'a IndexVec<Value, Region>,
}

/// What a loop uses of a global.
struct Place {
    access: Access,
    ty: Type,
    is_stored: bool,
}

impl Ctx<'_> {
    /// A place of a global that the loop uses, always in the same way.
    fn find(&self, of: &Loop) -> Option<Place> {
        let insts = || of.blocks.iter().flat_map(|&block| &self.body.blocks[block].insts);
        let is_quiet = insts().all(|&inst| {
            !matches!(
                self.body.op(inst),
                Op::Call(..)
                    | Op::Barrier
                    | Op::Asm(..)
                    | Op::LoadPacket(..)
                    | Op::MemCopy { .. }
                    | Op::MemSet { .. }
            )
        });
        if !is_quiet || of.header == self.body.entry {
            return None;
        }
        insts().find_map(|&inst| {
            let access = match self.body.op(inst) {
                Op::Load(access) | Op::Store(access, _) => access,
                _ => return None,
            };
            self.promotable(of, access)
        })
    }

    fn promotable(&self, of: &Loop, access: Access) -> Option<Place> {
        let Op::GlobalAddr(global, _) = self.body.op(access.address.base) else {
            return None;
        };
        let is_data = self.module.globals[global].kind == GlobalKind::Data;
        if !is_data || access.is_volatile || access.address.core.is_some() {
            return None;
        }
        let mut place = Place { access, ty: Type::I64, is_stored: false };
        let mut stores = Vec::new();
        for &block in &of.blocks {
            for &inst in &self.body.blocks[block].insts {
                let (other, value) = match self.body.op(inst) {
                    Op::Load(other) => (other, inst),
                    Op::Store(other, value) => (other, value),
                    Op::Atomic { access: other, .. } => (other, inst),
                    _ => continue,
                };
                let is_same = other.address == access.address
                    && other.width == access.width
                    && !other.is_volatile
                    && !matches!(self.body.op(inst), Op::Atomic { .. });
                if is_same {
                    place.ty = self.body.ty(value);
                    if matches!(self.body.op(inst), Op::Store(..)) {
                        stores.push(block);
                    }
                } else if self.may_touch(other, access) {
                    return None;
                }
            }
        }
        place.is_stored = !stores.is_empty();
        // Nothing is stored that would not be: others may store there at the same time.
        let always = |&(from, _): &(BlockId, BlockId)| {
            stores.iter().any(|&store| self.dominators.dominates(store, from))
        };
        let is_safe = !place.is_stored || exits(self.body, of).iter().all(always);
        is_safe.then_some(place)
    }

    /// Whether two accesses may be to the same bytes.
    fn may_touch(&self, a: Access, b: Access) -> bool {
        let region = |access: Access| match self.body.op(access.address.base) {
            Op::SlotAddr(slot, _) => Region::Stack(slot),
            Op::GlobalAddr(global, _) => Region::Data(global),
            _ => self.regions.get(access.address.base).copied().unwrap_or(Region::Unknown),
        };
        let exact = |access: Access| match self.body.op(access.address.base) {
            Op::GlobalAddr(_, n) if access.address.core.is_none() => {
                Some(i64::from(n) + i64::from(access.address.offset))
            }
            _ => None,
        };
        if !region(a).may_alias(region(b)) {
            return false;
        }
        match (region(a) == region(b), exact(a), exact(b)) {
            (true, Some(x), Some(y)) => {
                x < y + i64::from(b.width.bytes()) && y < x + i64::from(a.width.bytes())
            }
            _ => true,
        }
    }
}

/// The ways out of a loop.
fn exits(body: &Body, of: &Loop) -> Vec<(BlockId, BlockId)> {
    let ways = of.blocks.iter().flat_map(|&from| body.successors(from).map(move |to| (from, to)));
    let mut ways: Vec<(BlockId, BlockId)> =
        ways.filter(|(_, to)| !of.blocks.contains(to)).collect();
    ways.dedup();
    ways
}

fn promote(body: &mut Body, dominators: &Dominators, of: &Loop, place: &Place) {
    let Place { access, ty, .. } = *place;
    let size = access.width.bytes();
    let slot = body.slots.push(Slot { size, align: size, name: None });
    let home = Access::new(Address::new(body.slot_addr(slot, 0), 0), access.width);
    for &block in &of.blocks {
        for inst in body.blocks[block].insts.clone() {
            if let Op::Load(other) | Op::Store(other, _) = &mut body.values[inst].op
                && other.address == access.address
            {
                *other = home;
            }
        }
    }
    let mut entries: Vec<BlockId> = dominators.preds[of.header].clone();
    entries.retain(|pred| !of.blocks.contains(pred));
    entries.sort_unstable();
    entries.dedup();
    for entry in entries {
        copy_on_the_way(body, (entry, of.header), (access, home), ty);
    }
    if place.is_stored {
        for way in exits(body, of) {
            copy_on_the_way(body, way, (home, access), ty);
        }
    }
}

/// Copies from one place to another on all edges between two blocks.
fn copy_on_the_way(
    body: &mut Body,
    (from, to): (BlockId, BlockId),
    (source, target): (Access, Access),
    ty: Type,
) {
    let span = body.blocks[from].term_span;
    let n_edges = body.blocks[from].term.targets().count();
    for edge in 0..n_edges {
        let Some(old) = body.blocks[from].term.targets().nth(edge).cloned() else {
            continue;
        };
        if old.block != to {
            continue;
        }
        let between = body.blocks.push(Block::default());
        let value = body.push(between, Op::Load(source), ty, span);
        body.push(between, Op::Store(target, value), Type::Void, span);
        body.blocks[between].term = Term::Jump(old);
        body.blocks[between].term_span = span;
        if let Some(target) = body.blocks[from].term.targets_mut().nth(edge) {
            *target = Target::new(between);
        }
    }
}
