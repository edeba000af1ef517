//! Bits that nobody asks for: masks and extensions that only change those are dropped, and so are
//! values of which no bit is asked for.

use super::cfg::Replacements;
use crate::analysis::count_uses;
use crate::ir::*;
use bpfc_base::IndexVec;

/// Drops masks and extensions whose effect is not seen; true if there were any.
///
/// Backwards, from all bits of what has an effect: the bits of each value that matter.
pub fn drop_unseen_bits(body: &mut Body) -> bool {
    let order = body.reverse_postorder();
    let demand = find_demand(body, &order);
    let mut replaced = Replacements::new(body);
    replace_unseen_values(body, &order, &demand, &mut replaced);
    for &block in &order {
        for &inst in &body.blocks[block].insts {
            let seen = demand[inst];
            match body.op(inst) {
                _ if seen == 0 => {}
                Op::Binary(BinaryOp::And, a, b) => {
                    if let Some(mask) = body.as_const(b)
                        && seen & !(mask as u64) == 0
                    {
                        replaced.set(inst, a);
                    }
                }
                Op::Sext(a, width) if body.ty(a) == body.ty(inst) && seen & !width.mask() == 0 => {
                    replaced.set(inst, a);
                }
                _ => {}
            }
        }
    }
    replaced.apply(body)
}

/// Numbers of which no bit is seen are zero: what remained of how they are computed would lack
/// its masks, and the verifier checks it nevertheless.
fn replace_unseen_values(
    body: &mut Body,
    order: &[BlockId],
    demand: &IndexVec<Value, u64>,
    replaced: &mut Replacements,
) {
    let is_unseen = |body: &Body, inst: Value| {
        let is_number = matches!(body.ty(inst), Type::I32 | Type::I64);
        is_number && demand[inst] == 0 && body.op(inst).is_pure()
    };
    let insts = order.iter().flat_map(|&block| &body.blocks[block].insts);
    let unseen: Vec<Value> = insts.copied().filter(|&inst| is_unseen(body, inst)).collect();
    if unseen.is_empty() {
        return;
    }
    let uses = count_uses(body);
    for inst in unseen.into_iter().filter(|&inst| uses[inst] > 0) {
        let zero = body.constant(body.ty(inst), 0);
        replaced.set(inst, zero);
    }
}

fn find_demand(body: &Body, order: &[BlockId]) -> IndexVec<Value, u64> {
    let mut demand = IndexVec::from_elem(0u64, body.values.len());
    let mut changed = true;
    while changed {
        changed = false;
        for &id in order.iter().rev() {
            let block = &body.blocks[id];
            let mut ask = |value: Value, bits: u64| {
                let bits = bits & mask_of(body.ty(value));
                changed |= demand[value] | bits != demand[value];
                demand[value] |= bits;
            };
            match &block.term {
                Term::Branch { lhs, rhs, .. } => {
                    ask(*lhs, u64::MAX);
                    ask(*rhs, u64::MAX);
                }
                Term::Return(Some(value)) => ask(*value, u64::MAX),
                Term::Return(None) | Term::Jump(_) | Term::Unreachable => {}
            }
            for target in block.term.targets() {
                let params = &body.blocks[target.block].params;
                for (&param, &arg) in params.iter().zip(&target.args) {
                    let bits = demand[param];
                    let bits = bits & mask_of(body.ty(arg));
                    changed |= demand[arg] | bits != demand[arg];
                    demand[arg] |= bits;
                }
            }
            for &inst in block.insts.iter().rev() {
                let seen = demand[inst];
                demand_operands(body, inst, seen, &mut |value, bits| {
                    let bits = bits & mask_of(body.ty(value));
                    changed |= demand[value] | bits != demand[value];
                    demand[value] |= bits;
                });
            }
        }
    }
    demand
}

fn mask_of(ty: Type) -> u64 {
    match ty {
        Type::Void => 0,
        ty => u64::MAX >> (64 - ty.bits()),
    }
}

/// Whether a number is computed from a pointer by what keeps it one in a register.
fn is_address(body: &Body, value: Value) -> bool {
    match body.op(value) {
        Op::PtrToInt(_) => true,
        Op::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => {
            [a, b].iter().any(|&part| matches!(body.op(part), Op::PtrToInt(_)))
        }
        _ => false,
    }
}

/// Tells `ask` which bits of its operands an instruction needs for the bits `seen`.
fn demand_operands(body: &Body, inst: Value, seen: u64, ask: &mut dyn FnMut(Value, u64)) {
    let constant = |value: Value| body.as_const(value);
    // Carries go upwards only.
    let below = u64::MAX.checked_shr(seen.leading_zeros()).unwrap_or(0);
    match body.op(inst) {
        op if op.is_pure() && seen == 0 => op.for_each_operand(|value| ask(value, 0)),
        Op::Binary(BinaryOp::And, a, b) => {
            ask(a, constant(b).map_or(seen, |mask| seen & mask as u64));
            ask(b, seen);
        }
        Op::Binary(BinaryOp::Or | BinaryOp::Xor, a, b) => {
            ask(a, seen);
            ask(b, seen);
        }
        Op::Binary(op @ (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul), a, b) => {
            // To the verifier, what is added to an address is an offset, and wants bounds.
            let is_offset = op != BinaryOp::Mul && (is_address(body, a) || is_address(body, b));
            let bits = if is_offset { u64::MAX } else { below };
            ask(a, bits);
            ask(b, bits);
        }
        Op::Binary(op @ (BinaryOp::Shl | BinaryOp::LShr), a, b) if constant(b).is_some() => {
            let bits = i64::from(body.ty(inst).bits());
            let count = constant(b).unwrap_or(0) & (bits - 1);
            ask(a, if op == BinaryOp::Shl { seen >> count } else { seen << count });
            ask(b, u64::MAX);
        }
        Op::Zext(a) | Op::Trunc(a) => ask(a, seen),
        Op::Sext(a, width) => {
            let sign = 1 << (width.bits() - 1);
            let above = seen & !width.mask() != 0;
            ask(a, seen & width.mask() | if above { sign } else { 0 });
        }
        Op::Store(access, value) => {
            ask(access.address.base, u64::MAX);
            ask(value, access.width.mask());
        }
        op => op.for_each_operand(|value| ask(value, u64::MAX)),
    }
}
