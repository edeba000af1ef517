//! Loads of what is known to be in memory: stored, or loaded before.
//!
//! A fact holds at a block if it holds at the end of all its predecessors. A call may change
//! everything but slots that it cannot know, or that it only reads; volatile accesses are left
//! alone.

use super::cfg::Replacements;
use crate::analysis::{Dominators, Region, helper_touch, regions};
use crate::ir::*;
use bpfc_base::IndexVec;

/// Replaces loads by known values and drops stores of what is there already; true if there
/// were any.
///
/// Requires: constant parts of addresses are in offsets (`simplify`).
pub fn forward_loads(module: &Module, id: FuncId, body: &mut Body) -> bool {
    let dominators = Dominators::new(body);
    let regions = regions(module, id, body);
    let escaped = escaped_slots(body, &dominators.order);
    let mut ctx = Ctx { replaced: Replacements::new(body), body, regions, escaped, changed: false };
    let entry_facts = ctx.find_facts(&dominators);
    for (&block, mut facts) in dominators.order.iter().zip(entry_facts) {
        for fact in &mut facts {
            fact.address.base = ctx.replaced.get(fact.address.base);
        }
        ctx.forward_block(block, facts);
    }
    let Ctx { replaced, changed, .. } = ctx;
    replaced.apply(body) | changed
}

/// Slots whose address others may know for good: anything but the base of an access, or an
/// argument of a helper, which forgets it.
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
                Op::MemCopy { .. } | Op::Call(Callee::Helper(_), _) => {}
                Op::Atomic { value, expected, .. } => {
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
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fact {
    address: Address,
    n_bytes: u32,
    content: Content,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Content {
    /// The low bits of a value.
    Value(Value),
    /// This byte, everywhere.
    Fill(u8),
}

/// Facts kept; the oldest go first.
const MAX_FACTS: usize = 64;
/// Rounds over all blocks to find out which facts survive loops.
const MAX_ROUNDS: usize = 8;

struct Ctx<'a> {
    body: &'a mut Body,
    regions: IndexVec<Value, Region>,
    escaped: IndexVec<SlotId, bool>,
    replaced: Replacements,
    changed: bool,
}

impl Ctx<'_> {
    /// Facts at the start of every block, in the order of `dominators`.
    fn find_facts(&self, dominators: &Dominators) -> Vec<Vec<Fact>> {
        let n = dominators.order.len();
        // `None`: not visited yet, so anything may hold.
        let mut ends: Vec<Option<Vec<Fact>>> = vec![None; n];
        for _ in 0..MAX_ROUNDS {
            let mut changed = false;
            for (position, &block) in dominators.order.iter().enumerate() {
                let mut facts = self.meet(dominators, block, &ends);
                for &inst in &self.body.blocks[block].insts {
                    self.follow(inst, &mut facts);
                }
                if ends[position].as_ref() != Some(&facts) {
                    ends[position] = Some(facts);
                    changed = true;
                }
            }
            if !changed {
                let starts = dominators.order.iter();
                return starts.map(|&block| self.meet(dominators, block, &ends)).collect();
            }
        }
        vec![Vec::new(); n]
    }

    /// What all visited predecessors agree on.
    fn meet(
        &self,
        dominators: &Dominators,
        block: BlockId,
        ends: &[Option<Vec<Fact>>],
    ) -> Vec<Fact> {
        let preds = dominators.preds[block].iter();
        let mut known = preds.filter_map(|&pred| ends[dominators.position(pred)].as_ref());
        let mut facts = known.next().cloned().unwrap_or_default();
        for other in known {
            facts.retain(|fact| other.contains(fact));
        }
        facts
    }

    /// What an instruction changes of the facts.
    fn follow(&self, inst: Value, facts: &mut Vec<Fact>) {
        match self.body.op(inst) {
            Op::Load(access) => {
                if !access.is_volatile && self.find(facts, access).is_none() {
                    let content = Content::Value(inst);
                    self.learn(facts, access.address, access.width.bytes(), content);
                }
            }
            Op::Store(access, value) => {
                if self.is_stored(access, value, facts) {
                    return;
                }
                self.forget(facts, access.address, access.width.bytes());
                if !access.is_volatile {
                    let content = Content::Value(value);
                    self.learn(facts, access.address, access.width.bytes(), content);
                }
            }
            op => self.apply_effect(op, facts),
        }
    }

    fn forward_block(&mut self, id: BlockId, mut facts: Vec<Fact>) {
        let insts = std::mem::take(&mut self.body.blocks[id].insts);
        for inst in insts {
            let mut op = self.body.op(inst);
            op.for_each_operand_mut(|value| *value = self.replaced.get(*value));
            self.body.values[inst].op = op;
            match op {
                Op::Load(access) if self.forward_load(id, inst, access, &facts) => {
                    self.changed = true;
                    continue;
                }
                Op::Store(access, value) if self.is_stored(access, value, &facts) => {
                    self.changed = true;
                    continue;
                }
                _ => self.follow(inst, &mut facts),
            }
            self.body.blocks[id].insts.push(inst);
        }
    }

    fn apply_effect(&self, op: Op, facts: &mut Vec<Fact>) {
        match op {
            Op::MemSet { dst, byte, n_bytes, .. } => {
                self.forget(facts, dst, n_bytes);
                if let Some(byte) = self.body.as_const(byte) {
                    self.learn(facts, dst, n_bytes, Content::Fill(byte as u8));
                }
            }
            Op::MemCopy { dst, n_bytes, .. } => self.forget(facts, dst, n_bytes),
            Op::Atomic { access, .. } => self.forget(facts, access.address, access.width.bytes()),
            Op::Call(callee, args) => {
                facts.retain(|fact| self.is_private(fact.address.base));
                if let Callee::Helper(number) = callee {
                    self.forget_written(number, args.as_slice(), facts);
                }
            }
            Op::Barrier | Op::Asm(..) => {
                facts.retain(|fact| self.is_private(fact.address.base));
            }
            _ => {}
        }
    }

    /// Drops what a helper may change through its arguments.
    fn forget_written(&self, number: u32, args: &[Value], facts: &mut Vec<Fact>) {
        for (idx, &arg) in args.iter().enumerate() {
            if let Region::Stack(slot) = self.region(arg)
                && helper_touch(self.body, number, args, idx).writes
            {
                facts.retain(|fact| self.region(fact.address.base) != Region::Stack(slot));
            }
        }
    }

    fn region(&self, base: Value) -> Region {
        match self.body.op(base) {
            Op::SlotAddr(slot, _) => Region::Stack(slot),
            _ => self.regions.get(base).copied().unwrap_or(Region::Unknown),
        }
    }

    /// True for slots that only this function's own accesses touch, and helpers that it calls
    /// with their address.
    fn is_private(&self, base: Value) -> bool {
        matches!(self.region(base), Region::Stack(slot) if !self.escaped[slot])
    }

    fn learn(&self, facts: &mut Vec<Fact>, address: Address, n_bytes: u32, content: Content) {
        if facts.len() == MAX_FACTS {
            facts.remove(0);
        }
        facts.push(Fact { address, n_bytes, content });
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
                (Content::Value(known), _) if self.replaced.get(known) == value => {
                    skipped == 0 && fact.n_bytes == access.width.bytes()
                }
                (Content::Value(known), Some(n)) => {
                    let known = self.body.as_const(self.replaced.get(known));
                    let shift =
                        self.body.shift_of_bytes(skipped, access.width.bytes(), fact.n_bytes);
                    known.is_some_and(|known| low(known >> shift) == low(n))
                }
                (Content::Fill(byte), Some(n)) => low(i64::from_ne_bytes([byte; 8])) == low(n),
                _ => false,
            },
            None => false,
        }
    }

    /// Replaces a load by what is known; false if nothing is.
    fn forward_load(&mut self, id: BlockId, inst: Value, access: Access, facts: &[Fact]) -> bool {
        let Some((&fact, skipped)) = self.find(facts, access) else {
            return false;
        };
        if access.is_volatile {
            return false;
        }
        let ty = self.body.ty(inst);
        let constant = match fact.content {
            Content::Fill(byte) => Some(i64::from_ne_bytes([byte; 8])),
            Content::Value(value) => {
                let n = self.body.as_const(self.replaced.get(value));
                let n_bytes = access.width.bytes();
                let shift = self.body.shift_of_bytes(skipped, n_bytes, fact.n_bytes);
                n.map(|n| n.checked_shr(shift).unwrap_or(0))
            }
        };
        if let Some(n) = constant {
            let value = self.body.constant(ty, (n as u64 & access.width.mask()) as i64);
            self.replaced.set(inst, value);
            return true;
        }
        match fact.content {
            Content::Value(value) if fact.n_bytes == access.width.bytes() => {
                let value = self.replaced.get(value);
                self.read(id, inst, access.width, value)
            }
            _ => false,
        }
    }

    /// Makes the load a conversion of the value whose low bits it reads.
    fn read(&mut self, id: BlockId, inst: Value, width: Width, mut value: Value) -> bool {
        let (from, to) = (self.body.ty(value), self.body.ty(inst));
        let span = self.body.values[inst].span;
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
