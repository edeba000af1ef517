//! What pointers point into: the kernel's verifier keeps these kinds apart, and so must
//! passes that merge accesses.

use crate::ir::{Body, Callee, FuncId, GlobalId, GlobalKind, Module, Op, SlotId, Type, Value};
use bpfc_base::IndexVec;

/// What a pointer points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// Nothing was seen yet: only constants and undefined values flow in.
    None,
    /// A slot of this function.
    Stack(SlotId),
    /// The program's context: the first parameter of an entry.
    Ctx,
    /// A global variable.
    Data(GlobalId),
    /// What a call returned: a map's value, a ring buffer's record, a socket …
    Result(Value),
    /// What was loaded from the context: the packet, its end, kernel objects.
    FromCtx,
    /// Anything.
    Unknown,
}

impl Region {
    /// True if accesses through the two may touch the same memory.
    pub fn may_alias(self, other: Region) -> bool {
        use Region::*;
        match (self, other) {
            (Stack(a), Stack(b)) => a == b,
            (Data(a), Data(b)) => a == b,
            // A callee's own stack never holds what came from outside before its address
            // was handed out; callers that let an address escape must say `Unknown`.
            (Ctx, Stack(_) | Data(_) | Result(_)) | (Stack(_) | Data(_) | Result(_), Ctx) => false,
            (Data(_), Stack(_)) | (Stack(_), Data(_)) => false,
            // No member of a context points to the context (`bpf_ctx_access` of each program
            // type). Two reads of where the packet starts must stay one: the verifier knows the
            // bounds of the pointer that was compared, not of what was read anew.
            (Ctx, FromCtx) | (FromCtx, Ctx) => false,
            _ => true,
        }
    }
}

/// The region of every pointer (and integer made from one) of function `id`.
pub fn regions(module: &Module, id: FuncId, body: &Body) -> IndexVec<Value, Region> {
    let is_entry = module.funcs[id].section.is_some();
    let mut regions = IndexVec::from_elem(Region::None, body.values.len());
    for (value, inst) in body.values.iter_enumerated() {
        regions[value] = match inst.op {
            Op::SlotAddr(slot, _) => Region::Stack(slot),
            Op::GlobalAddr(global, _) => match module.globals.get(global).map(|g| g.kind) {
                Some(GlobalKind::Data | GlobalKind::Constant) => Region::Data(global),
                _ => Region::Unknown,
            },
            _ => Region::None,
        };
    }
    for (idx, &param) in body.blocks[body.entry].params.iter().enumerate() {
        regions[param] = match is_entry && idx == 0 {
            true => Region::Ctx,
            false => Region::Unknown,
        };
    }
    let order = body.reverse_postorder();
    let mut changed = true;
    while changed {
        changed = false;
        for &block in &order {
            for &value in &body.blocks[block].insts {
                let new = transfer(body, value, &regions);
                changed |= join(&mut regions[value], new);
            }
            for target in body.blocks[block].term.targets() {
                let params = &body.blocks[target.block].params;
                for (&param, &arg) in params.iter().zip(&target.args) {
                    let new = regions[arg];
                    changed |= join(&mut regions[param], new);
                }
            }
        }
    }
    regions
}

fn transfer(body: &Body, value: Value, regions: &IndexVec<Value, Region>) -> Region {
    use crate::ir::BinaryOp::{Add, Sub};
    let inst = &body.values[value];
    match inst.op {
        Op::PtrAdd(a, _)
        | Op::PtrToInt(a)
        | Op::IntToPtr(a)
        | Op::Opaque(a)
        | Op::Zext(a)
        | Op::Trunc(a) => regions[a],
        Op::Binary(Add | Sub, a, b) if inst.ty == Type::I64 => match (regions[a], regions[b]) {
            (region, Region::None) | (Region::None, region) => region,
            (Region::FromCtx, Region::FromCtx) => Region::FromCtx,
            _ => Region::Unknown,
        },
        // Places in the packet are 32 bits wide there.
        Op::Load(access) => match regions[access.address.base] {
            Region::Ctx => Region::FromCtx,
            _ if inst.ty == Type::I32 => Region::None,
            _ => Region::Unknown,
        },
        Op::Call(Callee::Helper(_), _) => Region::Result(value),
        Op::Call(..) | Op::Atomic { .. } | Op::AsmResult(..) => Region::Unknown,
        _ => Region::None,
    }
}

fn join(into: &mut Region, new: Region) -> bool {
    let joined = match (*into, new) {
        (Region::None, region) | (region, Region::None) => region,
        (a, b) if a == b => a,
        _ => Region::Unknown,
    };
    std::mem::replace(into, joined) != joined
}
