//! Arithmetic on pointers: `adjust_ptr_min_max_vals` (Linux 6.12 `kernel/bpf/verifier.c`) for
//! privileged programs.

use crate::domain::Scalar;
use crate::fault::{Arithmetic, Fault, FaultKind, Use};
use crate::state::{Kind, State, Value};
use bpfc_isa::{AluOp, Reg, Src, Width};
use bpfc_kabi::{ObjectKind, limits::MAX_VAR_OFFSET};

/// Whether `dst op= src` is defined on what the registers hold.
pub fn check(state: &State, width: Width, op: AluOp, dst: Reg, src: Src) -> Result<(), Fault> {
    let left = *state.reg(dst);
    let right = match src {
        Src::Reg(reg) => *state.reg(reg),
        Src::Imm(value) => Value::scalar(Scalar::constant(i64::from(value) as u64), 0),
    };
    let fault = |reg, value, kind| Err(Fault::of(kind, reg, value));
    let src_reg = match src {
        Src::Reg(reg) => Some(reg),
        Src::Imm(_) => None,
    };
    if left.kind == Kind::Arena || right.kind == Kind::Arena {
        return Ok(());
    }
    match (left.is_pointer(), right.is_pointer()) {
        (false, false) => Ok(()),
        (true, true) if op == AluOp::Sub => Ok(()),
        (true, true) => fault(Some(dst), left, FaultKind::Arithmetic(Arithmetic::TwoPointers(op))),
        (true, false) => {
            pointer(width, op, &left, &right).or_else(|kind| fault(Some(dst), left, kind))
        }
        (false, true) if left.kind == Kind::Unknown => Ok(()),
        (false, true) if op == AluOp::Sub && width == Width::W64 => {
            fault(src_reg, right, FaultKind::Arithmetic(Arithmetic::NumberMinusPointer))
        }
        (false, true) => {
            pointer(width, op, &right, &left).or_else(|kind| fault(src_reg, right, kind))
        }
    }
}

fn pointer(width: Width, op: AluOp, pointer: &Value, number: &Value) -> Result<(), FaultKind> {
    let refuse = |why| Err(FaultKind::Arithmetic(why));
    if width == Width::W32 {
        return match op {
            AluOp::Sub => Ok(()),
            _ => refuse(Arithmetic::Narrow),
        };
    }
    if pointer.is_nullable {
        return Err(FaultKind::MaybeNull(Use::Arithmetic));
    }
    if number.kind == Kind::Unknown {
        return Ok(());
    }
    let number = &number.number;
    let constant = number.as_constant();
    match pointer.kind {
        Kind::Object(ObjectKind::FlowKeys) if constant.is_some() => {}
        Kind::Object(_) | Kind::Map(_) | Kind::PacketEnd | Kind::Func(_) => {
            let is_nothing = constant == Some(0) && op == AluOp::Add;
            if !is_nothing || pointer.kind == Kind::PacketEnd {
                return refuse(Arithmetic::Fixed);
            }
        }
        _ => {}
    }
    if !matches!(op, AluOp::Add | AluOp::Sub) {
        return refuse(Arithmetic::Operation(op));
    }
    if op == AluOp::Sub && matches!(pointer.kind, Kind::Stack { .. }) {
        return refuse(Arithmetic::StackMinus);
    }
    sane(number, 0)?;
    sane(&pointer.number, pointer.off)?;
    let result = crate::transfer::displace(pointer, op, number, 0);
    sane(&result.number, result.off)
}

/// `check_reg_sane_offset` (Linux 6.12 `kernel/bpf/verifier.c`).
fn sane(number: &Scalar, off: i32) -> Result<(), FaultKind> {
    let limit = i64::from(MAX_VAR_OFFSET);
    let is_outside = |value: i64| value >= limit || value <= -limit;
    let constant = number.as_constant();
    if constant.is_some_and(|value| is_outside(value as i64)) || is_outside(off.into()) {
        return Err(FaultKind::Arithmetic(Arithmetic::TooFar));
    }
    if number.smin == i64::MIN {
        return Err(FaultKind::Arithmetic(Arithmetic::Unbounded));
    }
    if is_outside(number.smin) {
        return Err(FaultKind::Arithmetic(Arithmetic::TooFar));
    }
    Ok(())
}
