//! Calls through pointers: BPF has none, so each must turn out to be a call of one function.

use crate::ir::*;

/// Makes calls of known functions out of calls through pointers to them; true if there were
/// any. Pointers become known by inlining, and by loads from constant tables.
///
/// Requires: `body` is valid. Ensures: the same; types of arguments and results fit.
pub fn resolve_calls(module: &Module, _: FuncId, body: &mut Body) -> bool {
    let mut changed = false;
    for block in body.reverse_postorder() {
        for idx in 0..body.blocks[block].insts.len() {
            let inst = body.blocks[block].insts[idx];
            if let Some(op) = resolved(module, body, inst) {
                body.values[inst].op = op;
                changed = true;
            }
        }
    }
    changed
}

/// The calls through pointers that are left in a function.
pub fn unresolved_calls(body: &Body) -> Vec<Value> {
    let blocks = body.reverse_postorder();
    let insts = blocks.iter().flat_map(|&block| body.blocks[block].insts.iter().copied());
    insts.filter(|&inst| matches!(body.op(inst), Op::Call(Callee::Indirect, _))).collect()
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

fn fits(module: &Module, body: &Body, func: FuncId, args: &[Value], result: Type) -> bool {
    let func = &module.funcs[func];
    let types = args.iter().map(|&arg| body.ty(arg));
    types.eq(func.params.iter().copied())
        && (result == func.ret
            || result == Type::Void
            || (result == Type::I32 && func.ret == Type::I64))
}
