//! Loads of what is known to be in memory: stored, or loaded before.
//!
//! Facts hold along the dominator tree where a block has one way in. A call may change
//! everything but slots that it cannot know; volatile accesses are left alone.

use super::cfg::Replacements;
use crate::analysis::{Dominators, Region, regions};
use crate::ir::*;
use bpfc_base::{Idx, IndexVec};

/// Replaces loads by known values and drops stores of what is there already; true if there
/// were any.
///
/// Requires: constant parts of addresses are in offsets (`simplify`).
pub fn forward_loads(module: &Module, id: FuncId, body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let regions = regions(module, id, body);
    let escaped = escaped_slots(body, &dominators.order);
    let children = dominators.children();
    let mut ctx = Ctx {
        n_old: body.values.len(),
        replaced: Replacements::new(body),
        body,
        regions,
        escaped,
        changed: false,
    };
    let mut todo = vec![(ctx.body.entry, Vec::new())];
    while let Some((block, mut facts)) = todo.pop() {
        ctx.forward_block(block, &mut facts);
        for &child in &children[block] {
            let inherits = dominators.preds[child].len() == 1;
            todo.push((child, if inherits { facts.clone() } else { Vec::new() }));
        }
    }
    let Ctx {
        replaced, changed, ..
    } = ctx;
    replaced.apply(body) | changed
}

/// Slots whose address is known to others: anything but the base of an access.
pub(super) fn escaped_slots(body: &Body, order: &[BlockId]) -> IndexVec<SlotId, bool> {
    let mut escaped = IndexVec::from_elem(false, body.slots.len());
    let mut escape = |value: Value| {
        if let Op::SlotAddr(slot, _) = body.op(value) {
            escaped[slot] = true;
        }
    };
    for &block in order {
        for &inst in &body.blocks[block].insts {
            match body.op(inst) {
                Op::Load(_) => {}
                Op::Store(_, value) => escape(value),
                Op::MemSet { byte, .. } => escape(byte),
                Op::MemCopy { .. } => {}
                Op::Atomic {
                    value, expected, ..
                } => {
                    escape(value);
                    expected.into_iter().for_each(&mut escape);
                }
                op => op.for_each_operand(&mut escape),
            }
        }
        body.blocks[block].term.for_each_operand(&mut escape);
    }
    escaped
}

/// What is in memory.
#[derive(Clone, Copy, Debug)]
struct Fact {
    address: Address,
    n_bytes: u32,
    content: Content,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    /// The low bits of a value.
    Value(Value),
    /// This byte, everywhere.
    Fill(u8),
}

/// Facts kept; the oldest go first.
const MAX_FACTS: usize = 64;

struct Ctx<'a> {
    body: &'a mut Body,
    n_old: usize,
    regions: IndexVec<Value, Region>,
    escaped: IndexVec<SlotId, bool>,
    replaced: Replacements,
    changed: bool,
}

impl Ctx<'_> {
    fn forward_block(&mut self, id: BlockId, facts: &mut Vec<Fact>) {
        let insts = std::mem::take(&mut self.body.blocks[id].insts);
        for inst in insts {
            let mut op = self.body.op(inst);
            op.for_each_operand_mut(|value| *value = self.replaced.get(*value));
            self.body.values[inst].op = op;
            match op {
                Op::Load(access) => self.forward_load(id, inst, access, facts),
                Op::Store(access, value) => {
                    if self.is_stored(access, value, facts) {
                        self.changed = true;
                        continue;
                    }
                    self.forget(facts, access.address, access.width.bytes());
                    if !access.is_volatile {
                        let content = Content::Value(value);
                        self.learn(facts, access.address, access.width.bytes(), content);
                    }
                    self.body.blocks[id].insts.push(inst);
                }
                _ => {
                    self.apply_effect(op, facts);
                    self.body.blocks[id].insts.push(inst);
                }
            }
        }
    }

    fn apply_effect(&mut self, op: Op, facts: &mut Vec<Fact>) {
        match op {
            Op::MemSet {
                dst, byte, n_bytes, ..
            } => {
                self.forget(facts, dst, n_bytes);
                if let Some(byte) = self.body.as_const(byte) {
                    self.learn(facts, dst, n_bytes, Content::Fill(byte as u8));
                }
            }
            Op::MemCopy { dst, n_bytes, .. } => self.forget(facts, dst, n_bytes),
            Op::Atomic { access, .. } => self.forget(facts, access.address, access.width.bytes()),
            Op::Call(..) | Op::Barrier => {
                facts.retain(|fact| self.is_private(fact.address.base));
            }
            _ => {}
        }
    }

    fn region(&self, base: Value) -> Region {
        match self.body.op(base) {
            Op::SlotAddr(slot, _) => Region::Stack(slot),
            _ => self.regions.get(base).copied().unwrap_or(Region::Unknown),
        }
    }

    /// True for slots that only this function's own accesses touch.
    fn is_private(&self, base: Value) -> bool {
        matches!(self.region(base), Region::Stack(slot) if !self.escaped[slot])
    }

    fn learn(&self, facts: &mut Vec<Fact>, address: Address, n_bytes: u32, content: Content) {
        if facts.len() == MAX_FACTS {
            facts.remove(0);
        }
        facts.push(Fact {
            address,
            n_bytes,
            content,
        });
    }

    /// Drops what a write of `n_bytes` at `address` may change.
    fn forget(&self, facts: &mut Vec<Fact>, address: Address, n_bytes: u32) {
        facts.retain(|fact| {
            let known = fact.address;
            if (known.base, known.core) == (address.base, address.core) && known.core.is_none() {
                let (a, b) = (i64::from(known.offset), i64::from(address.offset));
                return a + i64::from(fact.n_bytes) <= b || b + i64::from(n_bytes) <= a;
            }
            let (a, b) = (known.base, address.base);
            if self.is_private(a) != self.is_private(b) {
                return true;
            }
            !self.region(a).may_alias(self.region(b))
        });
    }

    /// A fact about exactly this range, or one that it is inside of.
    fn find<'f>(&self, facts: &'f [Fact], access: Access) -> Option<(&'f Fact, u32)> {
        let n_bytes = access.width.bytes();
        let address = access.address;
        let is_it = |fact: &&Fact| {
            let known = fact.address;
            let start = i64::from(address.offset) - i64::from(known.offset);
            let is_inside = start >= 0 && start + i64::from(n_bytes) <= i64::from(fact.n_bytes);
            known.base == address.base && known.core == address.core && is_inside
        };
        let fact = facts.iter().rev().find(is_it)?;
        Some((fact, (address.offset - fact.address.offset) as u32))
    }

    /// True if memory has the stored value already.
    fn is_stored(&self, access: Access, value: Value, facts: &[Fact]) -> bool {
        if access.is_volatile {
            return false;
        }
        let low = |n: i64| n as u64 & access.width.mask();
        match self.find(facts, access) {
            Some((fact, skipped)) => match (fact.content, self.body.as_const(value)) {
                (Content::Value(known), _) if known == value => {
                    skipped == 0 && fact.n_bytes == access.width.bytes()
                }
                (Content::Value(known), Some(n)) => {
                    let known = self.body.as_const(known);
                    known.is_some_and(|known| low(known >> (skipped * 8)) == low(n))
                }
                (Content::Fill(byte), Some(n)) => low(i64::from_ne_bytes([byte; 8])) == low(n),
                _ => false,
            },
            None => false,
        }
    }

    fn forward_load(&mut self, id: BlockId, inst: Value, access: Access, facts: &mut Vec<Fact>) {
        let ty = self.body.ty(inst);
        let n_bytes = access.width.bytes();
        if access.is_volatile {
            return self.body.blocks[id].insts.push(inst);
        }
        if let Some((&fact, skipped)) = self.find(facts, access) {
            let known = match fact.content {
                Content::Fill(byte) => Some(i64::from_ne_bytes([byte; 8])),
                Content::Value(value) => self
                    .body
                    .as_const(value)
                    .map(|n| n.checked_shr(skipped * 8).unwrap_or(0)),
            };
            if let Some(n) = known {
                let value = self
                    .body
                    .constant(ty, (n as u64 & access.width.mask()) as i64);
                return self.replaced.set(inst, value);
            }
            let Content::Value(value) = fact.content else {
                return self.body.blocks[id].insts.push(inst);
            };
            if fact.n_bytes == n_bytes && self.read(id, inst, access.width, value) {
                self.changed = true;
                return;
            }
        }
        self.learn(facts, access.address, n_bytes, Content::Value(inst));
        self.body.blocks[id].insts.push(inst);
    }

    /// Makes the load a conversion of the value whose low bits it reads.
    fn read(&mut self, id: BlockId, inst: Value, width: Width, mut value: Value) -> bool {
        let (from, to) = (self.body.ty(value), self.body.ty(inst));
        let span = self.body.values[inst].span;
        debug_assert!(inst.index() < self.n_old);
        if from == to && width.bits() == to.bits() {
            self.replaced.set(inst, value);
            return true;
        }
        // Bring the value to an integer of the result's size, then clear what is above.
        let op = match (from, to) {
            (Type::Ptr, Type::I64) => Op::PtrToInt(value),
            (Type::I64, Type::Ptr) => Op::IntToPtr(value),
            (Type::I32, Type::I64) => Op::Zext(value),
            (Type::I64, Type::I32) => Op::Trunc(value),
            (a, b) if a == b && a != Type::Ptr => Op::Param,
            _ => return false,
        };
        let is_exact = width.bits() == to.bits() || (from, width) == (Type::I32, Width::W32);
        if op != Op::Param && is_exact {
            self.body.values[inst].op = op;
            self.body.blocks[id].insts.push(inst);
            return true;
        }
        if op != Op::Param {
            value = self.body.push(id, op, to, span);
        }
        let mask = self.body.constant(to, width.mask() as i64);
        self.body.values[inst].op = Op::Binary(BinaryOp::And, value, mask);
        self.body.blocks[id].insts.push(inst);
        true
    }
}
