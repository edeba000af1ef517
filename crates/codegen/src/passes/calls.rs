//! Calls that BPF does not have, and that must turn out to be something else: through pointers,
//! of one function each; of `memcpy` and the like, copies of a constant size.

use crate::ir::*;
use rustc_hash::FxHashMap;

/// Makes calls of known functions out of calls through pointers to them, and instructions out
/// of operations on memory; true if there were any. Pointers and sizes become known by inlining,
/// and by loads from constant tables.
///
/// Requires: `body` is valid. Ensures: the same; types of arguments and results fit.
pub fn resolve_calls(module: &Module, _: FuncId, body: &mut Body) -> bool {
    let mut changed = false;
    for block in body.reverse_postorder() {
        let mut insts = Vec::new();
        for inst in std::mem::take(&mut body.blocks[block].insts) {
            let first = insts.len();
            insts.push(inst);
            if let Op::Call(Callee::Memory(op), args) = body.op(inst) {
                expand_memory(body, op, args, &mut insts);
            } else if let Some(op) = resolved(module, body, inst) {
                body.values[inst].op = op;
                changed = true;
            }
            changed |= insts.get(first) != Some(&inst);
        }
        body.blocks[block].insts = insts;
    }
    changed
}

/// Largest size of an operation on memory that is expanded.
const MAX_MEMORY: i64 = 1 << 16;

/// Replaces the last of `insts` by what it does, if the size is known.
fn expand_memory(body: &mut Body, op: MemoryOp, args: ArgList, insts: &mut Vec<Value>) {
    let &[dst, src, size, align] = args.as_slice() else {
        return;
    };
    if op == MemoryOp::Compare {
        return;
    }
    let (Some(n_bytes @ 0..=MAX_MEMORY), Some(align)) = (body.as_const(size), body.as_const(align))
    else {
        return;
    };
    let (n_bytes, align) = (n_bytes as u32, align.clamp(1, 8) as u32);
    let span = insts.pop().map_or(bpfc_base::Span::NONE, |call| body.values[call].span);
    if n_bytes == 0 {
        return;
    }
    let [dst, src_address] = [dst, src].map(|base| Address::new(base, 0));
    let copy = |dst, src| Op::MemCopy { dst, src, n_bytes, align };
    match op {
        MemoryOp::Copy => insts.push(body.new_inst(copy(dst, src_address), Type::Void, span)),
        MemoryOp::Move => {
            // Through a temporary, since the objects may overlap.
            let temp = body.slots.push(Slot { size: n_bytes, align: 8, name: None });
            let temp = Address::new(body.slot_addr(temp, 0), 0);
            insts.push(body.new_inst(copy(temp, src_address), Type::Void, span));
            insts.push(body.new_inst(copy(dst, temp), Type::Void, span));
        }
        MemoryOp::Set => {
            let byte = body.new_inst(Op::Trunc(src), Type::I32, span);
            insts.push(byte);
            let set = Op::MemSet { dst, byte, n_bytes, align };
            insts.push(body.new_inst(set, Type::Void, span));
        }
        MemoryOp::Compare => unreachable!("`expand_compares` does it"),
    }
}

/// Ends the wait of `__builtin_constant_p`: what is no constant now will be none; true if anything
/// waited.
pub fn decide_constants(_: &Module, _: FuncId, body: &mut Body) -> bool {
    let mut found = FxHashMap::default();
    for block in body.reverse_postorder() {
        for inst in std::mem::take(&mut body.blocks[block].insts) {
            match body.op(inst) {
                Op::IsConstant(value) => {
                    let is_constant = body.as_const(value).is_some();
                    found.insert(inst, body.constant(Type::I32, i64::from(is_constant)));
                }
                _ => body.blocks[block].insts.push(inst),
            }
        }
    }
    body.map_operands(|value| found.get(&value).copied().unwrap_or(value));
    !found.is_empty()
}

/// The calls in a function that BPF does not have.
pub fn unresolved_calls(body: &Body) -> Vec<Value> {
    let blocks = body.reverse_postorder();
    let insts = blocks.iter().flat_map(|&block| body.blocks[block].insts.iter().copied());
    let is_left =
        |inst: &Value| matches!(body.op(*inst), Op::Call(Callee::Indirect | Callee::Memory(_), _));
    insts.filter(is_left).collect()
}

fn resolved(module: &Module, body: &Body, inst: Value) -> Option<Op> {
    let Op::Call(Callee::Indirect, args) = body.op(inst) else {
        return None;
    };
    let (&pointer, rest) = args.as_slice().split_first()?;
    let callee = match body.op(pointer) {
        Op::FuncAddr(func) if fits(module, body, func, rest, body.ty(inst)) => Callee::Func(func),
        // `(void *)N` is helper number N.
        Op::Const(number) if number > 0 => Callee::Helper(u32::try_from(number).ok()?),
        _ => return None,
    };
    Some(Op::Call(callee, ArgList::new(rest)?))
}

pub(super) fn fits(
    module: &Module,
    body: &Body,
    func: FuncId,
    args: &[Value],
    result: Type,
) -> bool {
    let func = &module.funcs[func];
    let types = args.iter().map(|&arg| body.ty(arg));
    types.eq(func.params.iter().copied())
        && (result == func.ret
            || result == Type::Void
            || (result == Type::I32 && func.ret == Type::I64))
}
