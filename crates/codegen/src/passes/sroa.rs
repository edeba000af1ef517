//! Scalar replacement of aggregates: a slot whose parts are only accessed one by one, or
//! copied and filled as a whole, becomes a slot for each part.

use crate::ir::*;
use bpfc_base::{IndexVec, Span};

/// Splits slots into their parts; true if there was one to split.
///
/// Requires: constant parts of addresses are in offsets (`simplify`).
/// Ensures: copies and fills of a part that is accessed as a scalar are accesses, too.
pub fn split_slots(body: &mut Body) -> bool {
    let order = body.reverse_postorder();
    let uses = find_uses(body, &order);
    let layout = Layout::new(body, uses);
    if layout.parts.iter().all(Vec::is_empty) {
        return false;
    }
    let new_slots = layout.create_slots(body);
    let rewriter = Rewriter { layout, new_slots };
    for block in order {
        let insts = std::mem::take(&mut body.blocks[block].insts);
        for inst in insts {
            rewriter.rewrite(body, block, inst);
        }
    }
    true
}

/// A slot and an offset.
type Place = (SlotId, i64);
/// A range of bytes.
type Range = (i64, i64);

/// What is done with slots.
struct Uses {
    /// True for slots that something else is done with.
    is_other: IndexVec<SlotId, bool>,
    /// Loads and stores.
    scalars: IndexVec<SlotId, Vec<Range>>,
    /// Parts that are copied or filled.
    blocks: IndexVec<SlotId, Vec<Range>>,
    /// Copies between slots: destination, source, length.
    copies: Vec<(Place, Place, i64)>,
}

fn find_uses(body: &Body, order: &[BlockId]) -> Uses {
    let n = body.slots.len();
    let mut uses = Uses {
        is_other: IndexVec::from_elem(false, n),
        scalars: IndexVec::from_elem(Vec::new(), n),
        blocks: IndexVec::from_elem(Vec::new(), n),
        copies: Vec::new(),
    };
    let other = |uses: &mut Uses, value: Value| {
        if let Op::SlotAddr(slot, _) = body.op(value) {
            uses.is_other[slot] = true;
        }
    };
    let scalar = |uses: &mut Uses, access: Access| {
        let Some((slot, offset)) = body.as_slot(access.address) else {
            return other(uses, access.address.base);
        };
        let range = (offset, offset + i64::from(access.width.bytes()));
        uses.is_other[slot] |= access.is_volatile || !is_inside(body, slot, range);
        push_new(&mut uses.scalars[slot], range);
    };
    let block = |uses: &mut Uses, address: Address, n_bytes: u32| {
        let (slot, offset) = body.as_slot(address)?;
        let range = (offset, offset + i64::from(n_bytes));
        uses.is_other[slot] |= !is_inside(body, slot, range);
        push_new(&mut uses.blocks[slot], range);
        Some((slot, offset))
    };
    for &id in order {
        for &inst in &body.blocks[id].insts {
            match body.op(inst) {
                Op::Load(access) => scalar(&mut uses, access),
                Op::Store(access, value) => {
                    scalar(&mut uses, access);
                    other(&mut uses, value);
                }
                Op::MemSet { dst, byte, n_bytes, .. } => {
                    if block(&mut uses, dst, n_bytes).is_none() {
                        other(&mut uses, dst.base);
                    }
                    other(&mut uses, byte);
                }
                Op::MemCopy { dst, src, n_bytes, .. } => {
                    let to = block(&mut uses, dst, n_bytes);
                    let from = block(&mut uses, src, n_bytes);
                    if let (Some(to), Some(from)) = (to, from) {
                        uses.is_other[to.0] |= to.0 == from.0;
                        uses.copies.push((to, from, n_bytes.into()));
                    }
                }
                op => op.for_each_operand(|value| other(&mut uses, value)),
            }
        }
        body.blocks[id].term.for_each_operand(|value| other(&mut uses, value));
    }
    uses
}

fn is_inside(body: &Body, slot: SlotId, (start, end): Range) -> bool {
    start >= 0 && end <= i64::from(body.slots[slot].size)
}

fn push_new(ranges: &mut Vec<Range>, range: Range) -> bool {
    let is_new = !ranges.contains(&range);
    if is_new {
        ranges.push(range);
    }
    is_new
}

/// A part of a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    range: Range,
    /// Always accessed as a whole, in one width.
    width: Option<Width>,
}

struct Layout {
    /// Parts that cover the slot, in order; empty for slots that are not split.
    parts: IndexVec<SlotId, Vec<Part>>,
}

/// Slots with more different accesses than this are arrays.
const MAX_RANGES: usize = 128;

impl Layout {
    fn new(body: &Body, mut uses: Uses) -> Self {
        spread(&mut uses);
        let mut parts = IndexVec::from_elem(Vec::new(), body.slots.len());
        for slot in body.slots.ids() {
            let is_used = !uses.scalars[slot].is_empty() || !uses.blocks[slot].is_empty();
            if uses.is_other[slot] || !is_used || uses.scalars[slot].len() > MAX_RANGES {
                continue;
            }
            let size = i64::from(body.slots[slot].size);
            let split = cut(&uses.scalars[slot], &uses.blocks[slot], size);
            let is_whole = |part: &Part| part.width.is_some() && uses.blocks[slot].is_empty();
            match split.as_slice() {
                [] => {}
                // Nothing to gain.
                [one] if one.width.is_none() || is_whole(one) => {}
                _ => parts[slot] = split,
            }
        }
        Self { parts }
    }

    fn create_slots(&self, body: &mut Body) -> IndexVec<SlotId, Vec<SlotId>> {
        let mut new_slots = IndexVec::from_elem(Vec::new(), self.parts.len());
        for (slot, parts) in self.parts.iter_enumerated() {
            for part in parts {
                let (start, end) = part.range;
                let old = &body.slots[slot];
                let natural = part.width.map_or(1, Width::bytes);
                let align = align_at(old.align, start).max(natural);
                let name = old.name.clone();
                let size = (end - start) as u32;
                new_slots[slot].push(body.slots.push(Slot { size, align, name }));
            }
            if !parts.is_empty() {
                body.slots[slot].size = 0;
            }
        }
        new_slots
    }

    /// The parts that meet `range`.
    fn within(&self, slot: SlotId, (start, end): Range) -> impl Iterator<Item = (usize, &Part)> {
        let parts = self.parts.get(slot).map_or(&[][..], Vec::as_slice);
        let meets = move |part: &Part| part.range.0 < end && start < part.range.1;
        parts.iter().enumerate().filter(move |(_, part)| meets(part))
    }
}

/// What is accessed in one slot of a copy is a part of the other, too.
fn spread(uses: &mut Uses) {
    for _ in 0..8 {
        let mut changed = false;
        for &((dst, to), (src, from), n) in &uses.copies.clone() {
            for (a, a_start, b, b_start) in [(dst, to, src, from), (src, from, dst, to)] {
                if uses.is_other[a] || uses.is_other[b] {
                    continue;
                }
                for (start, end) in uses.scalars[a].clone() {
                    let is_inside = start >= a_start && end <= a_start + n;
                    if is_inside && uses.scalars[b].len() <= MAX_RANGES {
                        let moved = (start - a_start + b_start, end - a_start + b_start);
                        changed |= push_new(&mut uses.scalars[b], moved);
                    }
                }
            }
        }
        if !changed {
            break;
        }
    }
}

/// Cuts a slot into parts such that every access is inside one, and every copied range
/// consists of whole ones; empty if that is impossible.
fn cut(scalars: &[Range], blocks: &[Range], size: i64) -> Vec<Part> {
    let mut sorted = scalars.to_vec();
    sorted.sort_unstable();
    let mut parts: Vec<Part> = Vec::new();
    for range in sorted {
        match parts.last_mut() {
            Some(last) if range.0 < last.range.1 => {
                if last.range != range {
                    last.width = None;
                    last.range.1 = last.range.1.max(range.1);
                }
            }
            _ => {
                let width = Width::from_bytes((range.1 - range.0) as u64);
                parts.push(Part { range, width });
            }
        }
    }
    let mut edges: Vec<i64> = blocks.iter().flat_map(|&(start, end)| [start, end]).collect();
    edges.extend([0, size]);
    edges.sort_unstable();
    edges.dedup();
    let is_cut = |edge: i64| parts.iter().any(|part| part.range.0 < edge && edge < part.range.1);
    if edges.iter().any(|&edge| is_cut(edge)) {
        return Vec::new();
    }
    // Gaps, cut where copies begin and end.
    edges.extend(parts.iter().flat_map(|part| [part.range.0, part.range.1]));
    edges.sort_unstable();
    edges.dedup();
    for pair in edges.windows(2) {
        let range = (pair[0], pair[1]);
        let is_covered = |part: &Part| part.range.0 <= range.0 && range.1 <= part.range.1;
        if !parts.iter().any(is_covered) {
            parts.push(Part { range, width: None });
        }
    }
    parts.sort_unstable_by_key(|part| part.range);
    parts
}

fn align_at(align: u32, offset: i64) -> u32 {
    match offset {
        0 => align,
        n => align.min(1 << n.trailing_zeros().min(12)),
    }
}

struct Rewriter {
    layout: Layout,
    new_slots: IndexVec<SlotId, Vec<SlotId>>,
}

impl Rewriter {
    /// The address in the new slots, and the part that it is in.
    fn place(&self, body: &mut Body, address: Address) -> Option<(Address, Part)> {
        let (slot, offset) = body.as_slot(address)?;
        let (idx, part) = self.layout.within(slot, (offset, offset + 1)).next()?;
        let base = body.slot_addr(self.new_slots[slot][idx], 0);
        Some((Address::new(base, (offset - part.range.0) as i32), *part))
    }

    fn access(&self, body: &mut Body, access: Access) -> Access {
        let Some((address, part)) = self.place(body, access.address) else {
            return access;
        };
        let align = match part.width {
            Some(width) => width.bytes(),
            None => access.align,
        };
        Access { address, align, ..access }
    }

    fn rewrite(&self, body: &mut Body, block: BlockId, inst: Value) {
        let op = body.op(inst);
        match op {
            Op::Load(access) => body.values[inst].op = Op::Load(self.access(body, access)),
            Op::Store(access, value) => {
                body.values[inst].op = Op::Store(self.access(body, access), value);
            }
            Op::MemSet { dst, n_bytes, .. } => {
                for (offset, n, width) in self.pieces(body, &[dst], n_bytes) {
                    self.fill(body, block, inst, offset, n, width);
                }
                return;
            }
            Op::MemCopy { dst, src, n_bytes, .. } => {
                for (offset, n, width) in self.pieces(body, &[dst, src], n_bytes) {
                    self.copy(body, block, inst, offset, n, width);
                }
                return;
            }
            _ => {}
        }
        body.blocks[block].insts.push(inst);
    }

    /// Cuts a copy or fill where the parts of a split slot meet: offset, length, and the
    /// width if a part is a scalar.
    fn pieces(
        &self,
        body: &Body,
        ends: &[Address],
        n_bytes: u32,
    ) -> Vec<(i32, u32, Option<Width>)> {
        let mut edges = vec![0, i64::from(n_bytes)];
        let mut scalars = Vec::new();
        for &address in ends {
            let Some((slot, start)) = body.as_slot(address) else {
                continue;
            };
            let range = (start, start + i64::from(n_bytes));
            for (_, part) in self.layout.within(slot, range) {
                let (low, high) = (part.range.0.max(range.0), part.range.1.min(range.1));
                edges.extend([low - start, high - start]);
                if let (Some(width), true) = (part.width, (low, high) == part.range) {
                    scalars.push((low - start, width));
                }
            }
        }
        edges.sort_unstable();
        edges.dedup();
        let piece = |pair: &[i64]| {
            let n = (pair[1] - pair[0]) as u32;
            let is_it = |(at, width): &&(i64, Width)| *at == pair[0] && width.bytes() == n;
            let width = scalars.iter().find(is_it).map(|&(_, width)| width);
            (pair[0] as i32, n, width)
        };
        edges.windows(2).map(piece).collect()
    }

    /// `address + offset` in the new slots, if its slot was split.
    fn at(&self, body: &mut Body, block: BlockId, address: Address, offset: i32) -> Address {
        let mut moved = address;
        if let (Some(core), true) = (address.core, offset != 0) {
            let core = body.leaf(Op::Core(core), Type::I64);
            let base = body.push(block, Op::PtrAdd(address.base, core), Type::Ptr, Span::NONE);
            moved = Address::new(base, 0);
        }
        moved.offset += offset;
        self.place(body, moved).map_or(moved, |(address, _)| address)
    }

    fn fill(
        &self,
        body: &mut Body,
        block: BlockId,
        inst: Value,
        offset: i32,
        n: u32,
        width: Option<Width>,
    ) {
        let Inst { op: Op::MemSet { dst, byte, align, .. }, span, .. } = body.values[inst] else {
            return;
        };
        let dst = self.at(body, block, dst, offset);
        let op = match (body.as_const(byte), width) {
            (Some(n), Some(width)) => {
                let pattern = i64::from_ne_bytes([n as u8; 8]);
                let ty = if width == Width::W64 { Type::I64 } else { Type::I32 };
                let value = body.constant(ty, pattern);
                Op::Store(Access::new(dst, width), value)
            }
            _ => {
                let align = align_at(align, offset.into());
                Op::MemSet { dst, byte, n_bytes: n, align }
            }
        };
        body.push(block, op, Type::Void, span);
    }

    fn copy(
        &self,
        body: &mut Body,
        block: BlockId,
        inst: Value,
        offset: i32,
        n: u32,
        width: Option<Width>,
    ) {
        let Inst { op: Op::MemCopy { dst, src, align, .. }, span, .. } = body.values[inst] else {
            return;
        };
        let dst = self.at(body, block, dst, offset);
        let src = self.at(body, block, src, offset);
        let align = align_at(align, offset.into());
        let Some(width) = width else {
            let op = Op::MemCopy { dst, src, n_bytes: n, align };
            body.push(block, op, Type::Void, span);
            return;
        };
        let ty = if width == Width::W64 { Type::I64 } else { Type::I32 };
        let natural = |body: &Body, address: Address| match body.op(address.base) {
            Op::SlotAddr(slot, 0) => align_at(body.slots[slot].align, address.offset.into()),
            _ => align,
        };
        let access = |body: &Body, address: Address| Access {
            align: natural(body, address).min(width.bytes()),
            ..Access::new(address, width)
        };
        let load = Op::Load(access(body, src));
        let value = body.push(block, load, ty, span);
        let store = Op::Store(access(body, dst), value);
        body.push(block, store, Type::Void, span);
    }
}
