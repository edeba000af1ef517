//! Atomic operations on the frame, at a place that is known only at run time.
//!
//! The kernel refuses those (`check_stack_read` in Linux 6.12 `kernel/bpf/verifier.c`: only a
//! load into a register may have a variable offset). Nobody else sees the frame, so ordinary
//! loads and stores do the same. Operations at a constant place stay, as programs use them as
//! memory barriers (`smp_mb` of the kernel's selftests).

use crate::analysis::{Region, regions};
use crate::ir::*;
use bpfc_base::Span;

/// Replaces atomic operations on slots at variable places by a load and a store; true if there
/// were any.
pub fn split_frame_atomics(module: &Module, id: FuncId, body: &mut Body) -> bool {
    if !body.values.iter().any(|inst| matches!(inst.op, Op::Atomic { .. })) {
        return false;
    }
    let regions = regions(module, id, body);
    let mut changed = false;
    for block in body.reverse_postorder() {
        for inst in std::mem::take(&mut body.blocks[block].insts) {
            match body.op(inst) {
                Op::Atomic { access, .. }
                    if matches!(regions[access.address.base], Region::Stack(_))
                        && body.as_slot(access.address).is_none() =>
                {
                    split(body, block, inst);
                    changed = true;
                }
                _ => body.blocks[block].insts.push(inst),
            }
        }
    }
    changed
}

/// Appends to `block` what the atomic operation `inst` does; `inst` becomes the load.
fn split(body: &mut Body, block: BlockId, inst: Value) {
    let Op::Atomic { op, access, value, expected } = body.op(inst) else {
        return;
    };
    let access = Access { is_volatile: false, is_ordered: false, ..access };
    let span = body.values[inst].span;
    let ty = body.ty(value);
    body.values[inst] = Inst { op: Op::Load(access), ty, span };
    body.blocks[block].insts.push(inst);
    let mut binary = |op, a, b| body.push(block, Op::Binary(op, a, b), ty, span);
    let new = match op {
        AtomicOp::Add => binary(BinaryOp::Add, inst, value),
        AtomicOp::And => binary(BinaryOp::And, inst, value),
        AtomicOp::Or => binary(BinaryOp::Or, inst, value),
        AtomicOp::Xor => binary(BinaryOp::Xor, inst, value),
        AtomicOp::Exchange => value,
        AtomicOp::CompareExchange => {
            let is_equal = Op::Compare(Cond::Eq, inst, expected.unwrap_or(value));
            choose(body, block, is_equal, (value, inst), span)
        }
    };
    body.push(block, Op::Store(access, new), Type::Void, span);
}

/// `then` if `condition` is 1, `otherwise` if it is 0, without a branch.
fn choose(
    body: &mut Body,
    block: BlockId,
    condition: Op,
    (then, otherwise): (Value, Value),
    span: Span,
) -> Value {
    let ty = body.ty(then);
    let mut bit = body.push(block, condition, Type::I32, span);
    if ty == Type::I64 {
        bit = body.push(block, Op::Zext(bit), ty, span);
    }
    let zero = body.constant(ty, 0);
    let mut binary = |op, a, b| body.push(block, Op::Binary(op, a, b), ty, span);
    let mask = binary(BinaryOp::Sub, zero, bit);
    let difference = binary(BinaryOp::Xor, then, otherwise);
    let change = binary(BinaryOp::And, difference, mask);
    binary(BinaryOp::Xor, otherwise, change)
}
