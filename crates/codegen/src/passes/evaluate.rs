//! Values when block parameters are given: what unrolling and jump threading ask.

use crate::ir::*;
use rustc_hash::FxHashMap;

/// Constants that block parameters have.
pub(super) type Env = FxHashMap<Value, i64>;

/// Operands that are looked through.
const MAX_DEPTH: u32 = 8;

/// The constant that `value` is in `env`.
pub(super) fn evaluate(body: &Body, env: &Env, value: Value) -> Option<i64> {
    evaluate_at(body, env, value, MAX_DEPTH)
}

fn evaluate_at(body: &Body, env: &Env, value: Value, depth: u32) -> Option<i64> {
    let ty = body.ty(value);
    if let Some(&n) = env.get(&value) {
        return Some(n);
    }
    let depth = depth.checked_sub(1)?;
    let at = |value: Value| evaluate_at(body, env, value, depth);
    let n = match body.op(value) {
        Op::Const(n) => n,
        Op::Binary(op, a, b) => op.eval(ty, at(a)?, at(b)?),
        Op::Compare(cond, a, b) => cond.eval(at(a)?, at(b)?).into(),
        Op::Zext(a) => i64::from(at(a)? as u32),
        Op::Trunc(a) => at(a)?,
        Op::Sext(a, width) => {
            let shift = 64 - width.bits();
            at(a)? << shift >> shift
        }
        _ => return None,
    };
    Some(ty.wrap(n))
}

/// Whether a branch is taken in `env`.
pub(super) fn evaluate_branch(body: &Body, env: &Env, term: &Term) -> Option<bool> {
    let Term::Branch { cond, lhs, rhs, .. } = term else {
        return None;
    };
    Some(cond.eval(evaluate(body, env, *lhs)?, evaluate(body, env, *rhs)?))
}
