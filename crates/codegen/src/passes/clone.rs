//! Copies of blocks: what inlining, unrolling and jump threading have in common.

use crate::ir::*;
use bpfc_base::{Idx, Span};
use rustc_hash::FxHashMap;

/// Where the copies are.
#[derive(Default)]
pub(super) struct Copies {
    pub(super) values: FxHashMap<Value, Value>,
    pub(super) blocks: FxHashMap<BlockId, BlockId>,
}

impl Copies {
    pub(super) fn value(&self, value: Value) -> Value {
        self.values.get(&value).copied().unwrap_or(value)
    }

    pub(super) fn block(&self, block: BlockId) -> BlockId {
        self.blocks.get(&block).copied().unwrap_or(block)
    }
}

/// Copies `blocks` within their function. Values and blocks that are in `copies` already
/// are taken as they are; parameters among them are left out.
pub(super) fn copy_blocks(body: &mut Body, blocks: &[BlockId], copies: &mut Copies) {
    for &old in blocks {
        let new = body.blocks.push(Block::default());
        copies.blocks.insert(old, new);
    }
    // First all definitions, since uses may come before them in any order of blocks.
    for &old in blocks {
        let new = copies.block(old);
        body.blocks[new].unroll = body.blocks[old].unroll;
        for param in body.blocks[old].params.clone() {
            let Inst { ty, span, .. } = body.values[param];
            let add = || body.push_param(new, ty, span);
            copies.values.entry(param).or_insert_with(add);
        }
        for inst in body.blocks[old].insts.clone() {
            let Inst { op, ty, span } = body.values[inst];
            let copy = body.push(new, op, ty, span);
            copies.values.insert(inst, copy);
        }
    }
    for &old in blocks {
        let new = copies.block(old);
        for inst in body.blocks[new].insts.clone() {
            let op = &mut body.values[inst].op;
            op.for_each_operand_mut(|value| *value = copies.value(*value));
        }
        let mut term = body.blocks[old].term.clone();
        term.for_each_operand_mut(|value| *value = copies.value(*value));
        for target in term.targets_mut() {
            target.block = copies.block(target.block);
        }
        body.blocks[new].term = term;
        body.blocks[new].term_span = body.blocks[old].term_span;
    }
}

/// Puts values that are used outside the blocks that define them into slots, so that these
/// blocks may be copied; `promote_slots` makes values of them again.
pub(super) fn demote_values(body: &mut Body, blocks: &[BlockId]) {
    let mut home: FxHashMap<Value, Option<SlotId>> = FxHashMap::default();
    for &block in blocks {
        let Block { params, insts, .. } = &body.blocks[block];
        home.extend(params.iter().chain(insts).map(|&value| (value, None)));
    }
    let is_inside: Vec<bool> = body.blocks.ids().map(|id| blocks.contains(&id)).collect();
    for id in body.reverse_postorder() {
        if is_inside[id.index()] {
            continue;
        }
        let insts = std::mem::take(&mut body.blocks[id].insts);
        for inst in insts {
            let Inst { mut op, span, .. } = body.values[inst];
            op.for_each_operand_mut(|value| reload(body, &mut home, id, value, span));
            body.values[inst].op = op;
            body.blocks[id].insts.push(inst);
        }
        let mut term = std::mem::replace(&mut body.blocks[id].term, Term::Unreachable);
        let span = body.blocks[id].term_span;
        term.for_each_operand_mut(|value| reload(body, &mut home, id, value, span));
        body.blocks[id].term = term;
    }
    for &block in blocks {
        let Block { params, insts, .. } = body.blocks[block].clone();
        body.blocks[block].insts.clear();
        for (idx, value) in params.iter().chain(&insts).copied().enumerate() {
            if idx >= params.len() {
                body.blocks[block].insts.push(value);
            }
            if let Some(Some(slot)) = home.get(&value) {
                let access = slot_access(body, *slot);
                let span = body.values[value].span;
                body.push(block, Op::Store(access, value), Type::Void, span);
            }
        }
    }
}

fn slot_access(body: &mut Body, slot: SlotId) -> Access {
    let width = match body.slots[slot].size {
        4 => Width::W32,
        _ => Width::W64,
    };
    Access::new(Address::new(body.slot_addr(slot, 0), 0), width)
}

fn reload(
    body: &mut Body,
    home: &mut FxHashMap<Value, Option<SlotId>>,
    block: BlockId,
    value: &mut Value,
    span: Span,
) {
    let Some(slot) = home.get_mut(value) else {
        return;
    };
    let ty = body.ty(*value);
    let size = ty.bits() / 8;
    let new = || body.slots.push(Slot { size, align: size, name: None });
    let slot = *slot.get_or_insert_with(new);
    let access = slot_access(body, slot);
    *value = body.push(block, Op::Load(access), ty, span);
}

/// Copies a whole body into another function. Parameters of its entry are `args`; its
/// returns jump to `exit`, with the value if there is one.
pub(super) fn copy_body(
    body: &mut Body,
    callee: &Body,
    args: &[Value],
    exit: BlockId,
    passes_value: bool,
) -> BlockId {
    let order = callee.reverse_postorder();
    let first_slot = body.slots.len();
    for slot in &callee.slots {
        body.slots.push(slot.clone());
    }
    let mut copies = Copies::default();
    let cores: Vec<CoreId> = callee.cores.iter().map(|core| import_core(body, core)).collect();
    for (value, inst) in callee.values.iter_enumerated() {
        let op = match inst.op {
            Op::SlotAddr(slot, offset) => {
                let idx = first_slot + slot.index();
                Op::SlotAddr(SlotId::new(idx), offset)
            }
            Op::Core(core) => Op::Core(cores[core.index()]),
            op if op.is_leaf() => op,
            _ => continue,
        };
        let leaf = body.leaf(op, inst.ty);
        copies.values.insert(value, leaf);
    }
    for (&param, &arg) in callee.blocks[callee.entry].params.iter().zip(args) {
        copies.values.insert(param, arg);
    }
    for &old in &order {
        let new = body.blocks.push(Block::default());
        copies.blocks.insert(old, new);
        body.blocks[new].unroll = callee.blocks[old].unroll;
        body.blocks[new].term_span = callee.blocks[old].term_span;
        for &param in &callee.blocks[old].params {
            if old != callee.entry {
                let Inst { ty, span, .. } = callee.values[param];
                let copy = body.push_param(new, ty, span);
                copies.values.insert(param, copy);
            }
        }
        for &inst in &callee.blocks[old].insts {
            let Inst { op, ty, span } = callee.values[inst];
            let copy = body.push(new, op, ty, span);
            copies.values.insert(inst, copy);
        }
    }
    for &old in &order {
        let new = copies.block(old);
        for inst in body.blocks[new].insts.clone() {
            let op = &mut body.values[inst].op;
            op.for_each_operand_mut(|value| *value = copies.value(*value));
            relocate(op, &cores);
        }
        let mut term = callee.blocks[old].term.clone();
        term.for_each_operand_mut(|value| *value = copies.value(*value));
        for target in term.targets_mut() {
            target.block = copies.block(target.block);
        }
        if let Term::Return(value) = term {
            let args = value.filter(|_| passes_value).into_iter().collect();
            term = Term::Jump(Target { block: exit, args });
        }
        body.blocks[new].term = term;
    }
    copies.block(callee.entry)
}

/// Renumbers the relocations of accesses.
fn relocate(op: &mut Op, cores: &[CoreId]) {
    let rename = |address: &mut Address| {
        if let Some(core) = &mut address.core {
            *core = cores[core.index()];
        }
    };
    match op {
        Op::Load(access) | Op::Store(access, _) | Op::Atomic { access, .. } => {
            rename(&mut access.address);
        }
        Op::MemCopy { dst, src, .. } => {
            rename(dst);
            rename(src);
        }
        Op::MemSet { dst, .. } => rename(dst),
        _ => {}
    }
}

fn import_core(body: &mut Body, core: &Core) -> CoreId {
    let is_same = |known: &Core| {
        let (a, b) = (&known.query, &core.query);
        (a.kind, a.ty, &a.path) == (b.kind, b.ty, &b.path)
    };
    let known = body.cores.ids().find(|&id| is_same(&body.cores[id]));
    known.unwrap_or_else(|| body.cores.push(core.clone()))
}
