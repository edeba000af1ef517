//! Arithmetic on numbers and pointers.

use super::{Machine, Mark};
use crate::domain::{Scalar, arith};
use crate::state::{Kind, PacketRange, State, Value};
use bpfc_isa::{AluOp, Insn, Reg, Src, SwapOp, Width};

impl Machine<'_> {
    /// An instruction without memory.
    pub(super) fn alu(&mut self, state: &mut State, insn: Insn) {
        let origin = state.insn_idx;
        match insn {
            Insn::Alu { width, op: AluOp::Mov, dst, src } => self.mov(state, width, dst, src),
            Insn::Alu { width, op, dst, src } => self.binary(state, width, op, dst, src),
            Insn::Neg { width, dst } => {
                let value = state.reg(dst);
                let result = match value.kind {
                    Kind::Unknown => Value::unknown(origin),
                    Kind::Scalar => Value::scalar(arith::neg(width, value.number), origin),
                    _ => Value::scalar(Scalar::UNKNOWN, origin),
                };
                state.set(dst, result);
            }
            Insn::CastAddrSpace { to_arena, dst, .. } => {
                let result = match to_arena {
                    true => Value::scalar(Scalar::UNKNOWN, origin),
                    false => Value::pointer(Kind::Arena, origin),
                };
                state.set(dst, result);
            }
            Insn::SignExtend { extension, dst, src } => {
                self.sign_extend(state, extension, dst, src)
            }
            Insn::ByteSwap { op, bits, dst } => {
                let value = state.reg(dst);
                let tracks = self.program.is_since(6, 18);
                let result = match value.kind {
                    Kind::Unknown => Value::unknown(origin),
                    Kind::Scalar if tracks => {
                        let is_little = self.program.object.endian == bpfc_isa::Endian::Little;
                        let reverses = match op {
                            SwapOp::Swap => true,
                            SwapOp::Le => !is_little,
                            SwapOp::Be => is_little,
                        };
                        Value::scalar(arith::swap(value.number, bits, reverses), origin)
                    }
                    _ => Value::scalar(Scalar::UNKNOWN, origin),
                };
                state.set(dst, result);
            }
            _ => unreachable!("the caller selects"),
        }
    }

    /// A number that is 0 or all ones, such as a sign shifted down, and becomes a mask: each of the
    /// two goes its own way, the other one through the returned copy, which repeats the instruction
    /// (`maybe_fork_scalars`, Linux 6.18 stable).
    pub(super) fn fork(
        &self,
        state: &mut State,
        op: AluOp,
        dst: Reg,
        src: Src,
    ) -> Option<Box<State>> {
        let forks = self.program.kernel.is_none() || self.program.is_since(6, 18);
        let mask_is_known = match src {
            Src::Imm(_) => true,
            Src::Reg(src) => {
                let value = state.reg(src);
                value.is_scalar() && value.number.as_constant().is_some()
            }
        };
        let value = *state.reg(dst);
        let is_mask = matches!(op, AluOp::And | AluOp::Or);
        if !forks || !is_mask || !mask_is_known || !value.is_scalar() {
            return None;
        }
        let number = &value.number;
        let (zero, ones) = if (number.smin, number.smax) == (-1, 0) {
            (Scalar::ZERO, Scalar::constant(u64::MAX))
        } else if (number.smin32, number.smax32) == (-1, 0) {
            (number.with_low(0), number.with_low(u32::MAX))
        } else {
            return None;
        };
        let mut other = Box::new(state.clone());
        other.reg_mut(dst).number = zero;
        state.reg_mut(dst).number = ones;
        Some(other)
    }

    fn mov(&mut self, state: &mut State, width: Width, dst: Reg, src: Src) {
        let origin = state.insn_idx;
        let src = match src {
            Src::Imm(imm) => {
                let number = match width {
                    Width::W32 => u64::from(imm as u32),
                    Width::W64 => i64::from(imm) as u64,
                };
                state.set(dst, Value::scalar(Scalar::constant(number), origin));
                return;
            }
            Src::Reg(src) => src,
        };
        let value = *state.reg(src);
        let fits = width == Width::W64 || value.number.width_bits() <= 32;
        let result = match value.kind {
            Kind::Scalar => {
                let id = if fits { self.link(state, src) } else { 0 };
                let mut copy = *state.reg(src);
                copy.id = id;
                if !fits {
                    copy.number.zero_extend32();
                    copy.unlink();
                }
                copy
            }
            Kind::Unknown => value,
            // Half of a pointer is some number.
            _ if width == Width::W32 => Value::scalar(Scalar::UNKNOWN, origin),
            _ => value,
        };
        state.set(dst, result);
    }

    /// The id of the number in `reg`, which gets one if it has none and is not known anyway.
    pub(super) fn link(&mut self, state: &mut State, reg: Reg) -> u32 {
        let value = state.reg(reg);
        if !value.is_scalar() {
            return value.id;
        }
        // Sums of a linked number and a constant are not linked further.
        if value.is_displaced {
            state.reg_mut(reg).unlink();
        }
        let value = state.reg(reg);
        if value.id != 0 || value.number.as_constant().is_some() {
            return value.id;
        }
        let id = self.fresh_id();
        state.reg_mut(reg).id = id;
        id
    }

    fn sign_extend(
        &mut self,
        state: &mut State,
        extension: bpfc_isa::Extension,
        dst: Reg,
        src: Reg,
    ) {
        let origin = state.insn_idx;
        let value = *state.reg(src);
        let bits = extension.bits();
        let result = match value.kind {
            Kind::Unknown => value,
            Kind::Scalar => {
                let mut copy = value;
                // A number that is not negative in that width stays what it is.
                if value.number.umax < 1 << (bits - 1) {
                    let id = self.link(state, src);
                    copy = *state.reg(src);
                    copy.id = id;
                } else {
                    copy.number.sign_extend(bits, extension.width().bits());
                    copy.unlink();
                    copy.origin = origin;
                }
                copy
            }
            _ => Value::scalar(Scalar::UNKNOWN, origin),
        };
        state.set(dst, result);
    }

    fn binary(&mut self, state: &mut State, width: Width, op: AluOp, dst: Reg, src: Src) {
        let origin = state.insn_idx;
        let left = *state.reg(dst);
        let right = match src {
            Src::Reg(reg) => *state.reg(reg),
            Src::Imm(imm) => {
                let number = match width {
                    Width::W32 => u64::from(imm as u32),
                    Width::W64 => i64::from(imm) as u64,
                };
                Value::scalar(Scalar::constant(number), origin)
            }
        };
        let result = match (left.kind, right.kind) {
            (Kind::Unknown, _) | (_, Kind::Unknown) => Value::unknown(origin),
            (Kind::Scalar, Kind::Scalar) => {
                let tracks_all = self.program.is_since(6, 18);
                numbers(tracks_all, width, op, &left, &right, origin)
            }
            (Kind::Arena, _) | (_, Kind::Arena) => Value::pointer(Kind::Arena, origin),
            _ if width == Width::W32 => Value::scalar(Scalar::UNKNOWN, origin),
            (Kind::Scalar, _) => {
                self.marks.push(Mark::Precise(dst));
                displace(&right, op, &left.number, self.fresh_id())
            }
            (_, Kind::Scalar) => {
                if let Src::Reg(src) = src {
                    self.marks.push(Mark::Precise(src));
                }
                displace(&left, op, &right.number, self.fresh_id())
            }
            // A difference of pointers is some number.
            _ => Value::scalar(Scalar::UNKNOWN, origin),
        };
        self.sanitize(state, op, src, (&left, &right, &result));
        state.set(dst, result);
    }
}

/// `pointer op number`, addition or subtraction: the fixed offset moves by a known number, the
/// variable one by any other. A packet pointer that moves by an unknown number gets the id `id`
/// and must be compared again.
pub fn displace(pointer: &Value, op: AluOp, number: &Scalar, id: u32) -> Value {
    let mut result = *pointer;
    let known = number.as_constant().map(|number| number as i64);
    let signed = known.and_then(|number| match op {
        AluOp::Sub => number.checked_neg(),
        _ => Some(number),
    });
    let off = signed.and_then(|number| i64::from(pointer.off).checked_add(number));
    if let Some(off) = off.and_then(|off| i32::try_from(off).ok()) {
        result.off = off;
        return result;
    }
    result.number = arith::alu(Width::W64, op, pointer.number, *number);
    if pointer.is_packet() {
        result.id = id;
        if op == AluOp::Add || number.smin < 0 {
            result.range = PacketRange::Bytes(0);
        }
    }
    result
}

/// `left op right` on numbers.
fn numbers(
    tracks_all: bool,
    width: Width,
    op: AluOp,
    left: &Value,
    right: &Value,
    origin: u32,
) -> Value {
    let number = arith::alu(width, op, left.number, right.number);
    let mut result = Value::scalar(number, origin);
    if let Some(distance) = distance(tracks_all, width, op, left, right) {
        result.id = left.id;
        result.is_displaced = true;
        result.is_narrow = width == Width::W32;
        result.off = distance;
    }
    result
}

/// `x + constant` stays linked to `x` (Linux 6.11); since 6.18 also `x - constant` and sums of 32 bits.
fn distance(tracks_all: bool, width: Width, op: AluOp, left: &Value, right: &Value) -> Option<i32> {
    if left.id == 0 || left.is_displaced {
        return None;
    }
    let distance = match width {
        Width::W64 => i32::try_from(right.number.as_constant()? as i64).ok()?,
        Width::W32 if tracks_all && left.number.umax <= u64::from(u32::MAX) => {
            right.number.as_constant32()? as i32
        }
        Width::W32 => return None,
    };
    match op {
        AluOp::Add => Some(distance),
        AluOp::Sub if tracks_all => distance.checked_neg(),
        _ => None,
    }
}
