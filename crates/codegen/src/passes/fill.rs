//! Helpers that fill a temporary, which is copied somewhere at once, fill that place instead:
//! `e->pid = BPF_CORE_READ(task, tgid)` needs neither the temporary nor the copy.

use crate::analysis::{Region, count_uses, helper_touch, regions};
use crate::ir::*;
use bpfc_base::IndexVec;

/// Lets helpers fill what their result is copied to; true if there was such a helper.
///
/// Requires: constant parts of addresses are in offsets (`simplify`).
pub fn fill_in_place(module: &Module, id: FuncId, body: &mut Body) -> bool {
    let regions = regions(module, id, body);
    let uses = count_uses(body);
    let mut mentions = IndexVec::from_elem(0, body.slots.len());
    for (value, inst) in body.values.iter_enumerated() {
        if let Op::SlotAddr(slot, _) = inst.op {
            mentions[slot] += uses[value];
        }
    }
    let mut ctx = Ctx { module, regions, mentions, uses, body };
    let mut changed = false;
    for block in ctx.body.reverse_postorder() {
        let mut idx = 0;
        while idx < ctx.body.blocks[block].insts.len() {
            changed |= ctx.fill(block, idx);
            idx += 1;
        }
    }
    changed
}

struct Ctx<'a> {
    module: &'a Module,
    regions: IndexVec<Value, Region>,
    /// How often slots are mentioned.
    mentions: IndexVec<SlotId, u32>,
    uses: IndexVec<Value, u32>,
    body: &'a mut Body,
}

/// A temporary that the call at an index of a block fills.
#[derive(Clone, Copy)]
struct Filled {
    slot: SlotId,
    /// The argument that it is.
    arg: usize,
    n_bytes: u32,
}

impl Ctx<'_> {
    /// Works on the instruction at `idx` if it is such a call.
    fn fill(&mut self, block: BlockId, idx: usize) -> bool {
        let call = self.body.blocks[block].insts[idx];
        let Some(filled) = self.filled(call) else {
            return false;
        };
        let Some((load, store)) = self.find_copy(block, idx, filled) else {
            return false;
        };
        let [load_inst, store_inst] = [load, store].map(|at| self.body.blocks[block].insts[at]);
        let Op::Store(access, _) = self.body.op(store_inst) else {
            return false;
        };
        // The later of the two first, so that indices stay true.
        self.body.blocks[block].insts.remove(store);
        match self.uses[load_inst] {
            1 => _ = self.body.blocks[block].insts.remove(load),
            _ => {
                if let Op::Load(old) = &mut self.body.values[load_inst].op {
                    old.address = access.address;
                    old.align = access.align;
                }
            }
        }
        let place = self.place(block, idx, access.address);
        if let Op::Call(_, args) = &mut self.body.values[call].op {
            args.as_mut_slice()[filled.arg] = place;
        }
        true
    }

    /// The temporary that is filled, if it is only good for that and one load.
    fn filled(&self, call: Value) -> Option<Filled> {
        let Op::Call(Callee::Helper(number), args) = self.body.op(call) else {
            return None;
        };
        let args = args.as_slice();
        (0..args.len()).find_map(|arg| {
            let Op::SlotAddr(slot, 0) = self.body.op(args[arg]) else {
                return None;
            };
            let n_bytes = helper_touch(self.body, number, args, arg).fills?;
            let is_temporary = self.body.slots[slot].size == n_bytes && self.mentions[slot] == 2;
            is_temporary.then_some(Filled { slot, arg, n_bytes })
        })
    }

    /// Where behind the call the temporary is loaded, and where that is stored, with nothing in
    /// between that could see the difference.
    fn find_copy(&self, block: BlockId, call: usize, filled: Filled) -> Option<(usize, usize)> {
        let insts = &self.body.blocks[block].insts;
        let mut load = None;
        for (idx, &inst) in insts.iter().enumerate().skip(call + 1) {
            match (self.body.op(inst), load) {
                (Op::Load(access), None) if self.is_of(access, filled) => load = Some(idx),
                (Op::Store(access, value), Some(load)) if value == insts[load] => {
                    let is_fit = access.width.bytes() == filled.n_bytes && !access.is_volatile;
                    // What others may change too is not read again.
                    let is_ours = self.body.as_slot(access.address).is_some();
                    let is_fit = is_fit && (is_ours || self.uses[value] == 1);
                    let is_fit = is_fit && self.can_fill(block, call, access.address);
                    return is_fit.then_some((load, idx));
                }
                (op, _) if op.is_pure() => {}
                _ => return None,
            }
        }
        None
    }

    fn is_of(&self, access: Access, filled: Filled) -> bool {
        let is_all = access.width.bytes() == filled.n_bytes && !access.is_volatile;
        is_all && self.body.as_slot(access.address) == Some((filled.slot, 0))
    }

    /// Whether a helper may write at this address, and it is known before the call.
    fn can_fill(&self, block: BlockId, call: usize, address: Address) -> bool {
        if address.core.is_some() {
            return false;
        }
        let is_memory = match self.body.op(address.base) {
            Op::SlotAddr(..) => return true,
            Op::GlobalAddr(global, _) => {
                return self.module.globals[global].kind == GlobalKind::Data;
            }
            // Values of maps and records of ring buffers. What is no memory to write to was not
            // stored to either.
            _ => matches!(self.regions.get(address.base), Some(Region::Result(_))),
        };
        let behind = &self.body.blocks[block].insts[call..];
        is_memory && !behind.contains(&address.base)
    }

    /// The address as a value in front of the instruction at `idx`.
    fn place(&mut self, block: BlockId, idx: usize, address: Address) -> Value {
        match self.body.op(address.base) {
            Op::SlotAddr(slot, offset) => self.body.slot_addr(slot, offset + address.offset),
            Op::GlobalAddr(global, offset) => {
                self.body.leaf(Op::GlobalAddr(global, offset + address.offset), Type::Ptr)
            }
            _ if address.offset == 0 => address.base,
            _ => {
                let span = self.body.values[self.body.blocks[block].insts[idx]].span;
                let offset = self.body.constant(Type::I64, address.offset.into());
                let place = self.body.new_inst(Op::PtrAdd(address.base, offset), Type::Ptr, span);
                self.body.blocks[block].insts.insert(idx, place);
                place
            }
        }
    }
}
