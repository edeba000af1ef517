//! Stores into the frame that nobody reads, and stores of constants side by side.

use super::forward::escaped_slots;
use crate::analysis::{Region, Touch, helper_touch, regions};
use crate::ir::*;
use bpfc_base::IndexVec;

/// Frames larger than this many bytes are too large for BPF anyway.
const MAX_FRAME: u32 = 8192;

/// Removes stores, copies and fills of slots that nothing reads afterwards; true if there
/// were any.
pub fn remove_dead_stores(module: &Module, id: FuncId, body: &mut Body) -> bool {
    let order = body.reverse_postorder();
    let Some(frame) = Frame::new(body, &order) else {
        return false;
    };
    let regions = regions(module, id, body);
    let empty = Bits::new(frame.n_bytes);
    let mut live_in = IndexVec::from_elem(empty.clone(), body.blocks.len());
    let mut changed = true;
    while changed {
        changed = false;
        for &block in order.iter().rev() {
            let mut live = empty.clone();
            for next in body.successors(block) {
                live.union(&live_in[next]);
            }
            for &inst in body.blocks[block].insts.iter().rev() {
                frame.transfer(body, &regions, inst, &mut live);
            }
            if live_in[block] != live {
                live_in[block] = live;
                changed = true;
            }
        }
    }
    let mut removed = false;
    for &block in &order {
        let mut live = empty.clone();
        for next in body.successors(block) {
            live.union(&live_in[next]);
        }
        let mut insts = std::mem::take(&mut body.blocks[block].insts);
        insts.reverse();
        insts.retain(|&inst| {
            let is_dead = frame.is_dead(body, inst, &live);
            if !is_dead {
                frame.transfer(body, &regions, inst, &mut live);
            }
            removed |= is_dead;
            !is_dead
        });
        insts.reverse();
        body.blocks[block].insts = insts;
    }
    removed
}

/// A set of bytes of the frame.
#[derive(Clone, PartialEq)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(n_bytes: u32) -> Self {
        Self(vec![0; n_bytes.div_ceil(64) as usize])
    }

    fn union(&mut self, other: &Bits) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a |= b;
        }
    }

    fn set(&mut self, range: (u32, u32), to: bool) {
        for bit in range.0..range.1 {
            let word = &mut self.0[bit as usize / 64];
            match to {
                true => *word |= 1 << (bit % 64),
                false => *word &= !(1 << (bit % 64)),
            }
        }
    }

    fn meets(&self, range: (u32, u32)) -> bool {
        (range.0..range.1).any(|bit| self.0[bit as usize / 64] & 1 << (bit % 64) != 0)
    }
}

/// Where slots are in the set.
struct Frame {
    n_bytes: u32,
    start: IndexVec<SlotId, u32>,
    size: IndexVec<SlotId, u32>,
    escaped: IndexVec<SlotId, bool>,
}

impl Frame {
    fn new(body: &Body, order: &[BlockId]) -> Option<Self> {
        let mut n_bytes = 0u32;
        let mut start = IndexVec::new();
        for slot in &body.slots {
            start.push(n_bytes);
            n_bytes = n_bytes.checked_add(slot.size).filter(|&n| n <= MAX_FRAME)?;
        }
        let size = body.slots.iter().map(|slot| slot.size).collect();
        let escaped = escaped_slots(body, order);
        (n_bytes > 0).then_some(Self { n_bytes, start, size, escaped })
    }

    fn whole(&self, slot: SlotId) -> (u32, u32) {
        (self.start[slot], self.start[slot] + self.size[slot])
    }

    /// The bytes at a constant place.
    fn exact(&self, body: &Body, address: Address, n_bytes: u32) -> Option<(u32, u32)> {
        let (slot, offset) = body.as_slot(address)?;
        let offset = u32::try_from(offset).ok()?;
        let end = offset.checked_add(n_bytes)?;
        let start = self.start[slot];
        (end <= self.size[slot]).then(|| (start + offset, start + end))
    }

    fn read_all_escaped(&self, live: &mut Bits) {
        for slot in self.escaped.ids().filter(|&slot| self.escaped[slot]) {
            live.set(self.whole(slot), true);
        }
    }

    fn read(
        &self,
        body: &Body,
        regions: &IndexVec<Value, Region>,
        at: Address,
        n: u32,
        live: &mut Bits,
    ) {
        if let Some(range) = self.exact(body, at, n) {
            return live.set(range, true);
        }
        match regions.get(at.base).copied().unwrap_or(Region::Unknown) {
            Region::Stack(slot) => live.set(self.whole(slot), true),
            Region::Ctx | Region::Data(_) => {}
            Region::None | Region::Result(_) | Region::FromCtx | Region::Unknown => {
                self.read_all_escaped(live);
            }
        }
    }

    fn transfer(
        &self,
        body: &Body,
        regions: &IndexVec<Value, Region>,
        inst: Value,
        live: &mut Bits,
    ) {
        let read = |at: Address, n: u32, live: &mut Bits| self.read(body, regions, at, n, live);
        let write = |at: Address, n: u32, live: &mut Bits| {
            if let Some(range) = self.exact(body, at, n) {
                live.set(range, false);
            }
        };
        match body.op(inst) {
            Op::Load(access) => read(access.address, access.width.bytes(), live),
            Op::Store(access, _) => write(access.address, access.width.bytes(), live),
            Op::Atomic { access, .. } => read(access.address, access.width.bytes(), live),
            Op::MemSet { dst, n_bytes, .. } => write(dst, n_bytes, live),
            Op::MemCopy { dst, src, n_bytes, .. } => {
                write(dst, n_bytes, live);
                read(src, n_bytes, live);
            }
            Op::Call(Callee::Helper(number), args) => {
                self.call_helper(body, regions, number, args.as_slice(), live);
            }
            Op::Call(..) | Op::Barrier | Op::Asm(..) => self.read_all_escaped(live),
            _ => {}
        }
    }

    /// A helper reads what it is shown, after it has filled what it surely fills.
    fn call_helper(
        &self,
        body: &Body,
        regions: &IndexVec<Value, Region>,
        number: u32,
        args: &[Value],
        live: &mut Bits,
    ) {
        let touches: Vec<Touch> =
            (0..args.len()).map(|idx| helper_touch(body, number, args, idx)).collect();
        for (&arg, touch) in args.iter().zip(&touches) {
            let filled = touch.fills.and_then(|n| self.exact(body, Address::new(arg, 0), n));
            if let Some(range) = filled {
                live.set(range, false);
            }
        }
        self.read_all_escaped(live);
        for (&arg, touch) in args.iter().zip(&touches) {
            let slot = match body.op(arg) {
                Op::SlotAddr(slot, _) => Some(slot),
                _ => match regions.get(arg) {
                    Some(&Region::Stack(slot)) => Some(slot),
                    _ => None,
                },
            };
            if let Some(slot) = slot.filter(|_| touch.reads) {
                live.set(self.whole(slot), true);
            }
        }
    }

    fn is_dead(&self, body: &Body, inst: Value, live: &Bits) -> bool {
        let (address, n_bytes) = match body.op(inst) {
            Op::Store(access, _) if !access.is_volatile => (access.address, access.width.bytes()),
            Op::MemSet { dst, n_bytes, .. } | Op::MemCopy { dst, n_bytes, .. } => (dst, n_bytes),
            _ => return false,
        };
        match (self.exact(body, address, n_bytes), body.op(address.base)) {
            (Some(range), _) => !live.meets(range),
            _ => false,
        }
    }
}

/// Joins stores of constants to neighbouring places; true if there were any.
///
/// BPF stores 32-bit immediates, sign-extended for 64-bit stores (RFC 9669 §5.3), so wider
/// ones are not made.
pub fn combine_stores(body: &mut Body) -> bool {
    let mut changed = false;
    for id in body.reverse_postorder() {
        while combine_in_block(body, id) {
            changed = true;
        }
    }
    changed
}

fn combine_in_block(body: &mut Body, id: BlockId) -> bool {
    // Stores since the last instruction that may see memory.
    let mut recent: Vec<usize> = Vec::new();
    for idx in 0..body.blocks[id].insts.len() {
        let inst = body.blocks[id].insts[idx];
        let op = body.op(inst);
        let Op::Store(access, _) = op else {
            if !op.is_pure() {
                recent.clear();
            }
            continue;
        };
        for (position, &earlier) in recent.iter().enumerate().rev() {
            let other = body.blocks[id].insts[earlier];
            // Nothing in between may touch the place of the later store.
            let between = &recent[position + 1..];
            let is_clear = between.iter().all(|&idx| {
                let between = body.op(body.blocks[id].insts[idx]);
                matches!(between, Op::Store(between, _) if is_apart(access, between))
            });
            if let (Some(wide), true) = (join(body, other, inst), is_clear) {
                body.values[other].op = wide;
                body.blocks[id].insts.remove(idx);
                return true;
            }
        }
        recent.push(idx);
    }
    false
}

fn is_apart(a: Access, b: Access) -> bool {
    let (start_a, start_b) = (i64::from(a.address.offset), i64::from(b.address.offset));
    let (end_a, end_b) =
        (start_a + i64::from(a.width.bytes()), start_b + i64::from(b.width.bytes()));
    a.address.base == b.address.base
        && a.address.core.is_none()
        && b.address.core.is_none()
        && (end_a <= start_b || end_b <= start_a)
}

/// One store in place of two, if they are neighbours and aligned.
fn join(body: &mut Body, first: Value, second: Value) -> Option<Op> {
    let (Op::Store(a, x), Op::Store(b, y)) = (body.op(first), body.op(second)) else {
        return None;
    };
    let is_plain = |access: &Access| !access.is_volatile && access.address.core.is_none();
    if a.width != b.width || a.address.base != b.address.base || !is_plain(&a) || !is_plain(&b) {
        return None;
    }
    let (low, low_value, high, high_value) = match a.address.offset < b.address.offset {
        true => (a, x, b, y),
        false => (b, y, a, x),
    };
    let n_bytes = a.width.bytes();
    let width = Width::from_bytes(u64::from(n_bytes) * 2)?;
    if low.address.offset + n_bytes as i32 != high.address.offset {
        return None;
    }
    let align = match body.as_slot(low.address) {
        Some((slot, offset)) => {
            let slot_align = body.slots[slot].align;
            if offset == 0 {
                slot_align
            } else {
                slot_align.min(1 << offset.trailing_zeros().min(12))
            }
        }
        None => low.align,
    };
    let is_packable = align >= width.bytes();
    let mask = a.width.mask();
    let low_shift = body.shift_of_bytes(0, n_bytes, width.bytes());
    let high_shift = body.shift_of_bytes(n_bytes, n_bytes, width.bytes());
    let n = (body.as_const(low_value)? as u64 & mask) << low_shift
        | (body.as_const(high_value)? as u64 & mask) << high_shift;
    let fits = width != Width::W64 || i32::try_from(n as i64).is_ok();
    (is_packable && fits).then(|| {
        let value = body.constant(Type::I64, n as i64);
        Op::Store(Access { width, align: width.bytes(), ..low }, value)
    })
}
