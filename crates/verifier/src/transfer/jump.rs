//! Conditional jumps: which ways are possible, and what each tells.

use super::scope::may_hold_lock;
use super::{Machine, Mark, Next};
use crate::domain::{Scalar, arith, branch};
use crate::program::Program;
use crate::state::{Kind, PacketRange, Place, StackSlot, State, Value};
use bpfc_isa::{JmpOp, Reg, RegSet, Src, Width};
use bpfc_kabi::limits::MAX_PACKET_OFFSET;

impl Machine<'_> {
    /// `if dst op src goto target`.
    pub(super) fn jump(
        &mut self,
        state: &mut State,
        width: Width,
        op: JmpOp,
        dst: Reg,
        src: Src,
        target: u32,
    ) -> Next {
        let next = state.insn_idx + 1;
        let left = *state.reg(dst);
        let right = match src {
            Src::Reg(reg) => *state.reg(reg),
            Src::Imm(imm) => {
                let number = i64::from(imm) as u64;
                Value::scalar(Scalar::constant(number), state.insn_idx)
            }
        };
        let is_stack = |value: &Value| matches!(value.kind, Kind::Stack { .. });
        self.is_noted = is_stack(&left) || is_stack(&right);
        if let Some(is_taken) = outcome(width, op, &left, &right) {
            if left.is_scalar() {
                self.marks.push(Mark::Precise(dst));
            }
            if let Src::Reg(src) = src
                && right.is_scalar()
            {
                self.marks.push(Mark::Precise(src));
            }
            return Next::Goto(if is_taken { target } else { next });
        }
        if matches!(src, Src::Reg(_)) {
            self.collect_linked(state, &right);
        }
        self.collect_linked(state, &left);
        let (left, right) = match src {
            Src::Reg(reg) => (*state.reg(dst), *state.reg(reg)),
            Src::Imm(_) => (*state.reg(dst), right),
        };
        let mut taken = Box::new(state.clone());
        taken.insn_idx = target;
        if left.is_scalar() && right.is_scalar() {
            for (state, holds) in [(&mut *taken, true), (&mut *state, false)] {
                let (mut left, mut right) = (left, right);
                if !self.learns_nothing(op, holds) {
                    branch::refine(width, op, holds, &mut left.number, &mut right.number);
                }
                if self.program.is_before(7, 0) {
                    left.number.forget_contradiction();
                    right.number.forget_contradiction();
                }
                learn(state, dst, &left);
                if let Src::Reg(src) = src {
                    learn(state, src, &right);
                }
            }
        } else if left.is_pointer() || right.is_pointer() {
            compare_pointers(
                self.program,
                state,
                &mut taken,
                width,
                op,
                (dst, &left),
                (src, &right),
            );
        }
        Next::Branch(taken)
    }

    /// That numbers differ says nothing of them to kernels before 6.8, not even at the end of a range.
    fn learns_nothing(&self, op: JmpOp, holds: bool) -> bool {
        let is_unequal = matches!((op, holds), (JmpOp::Ne, true) | (JmpOp::Eq, false));
        is_unequal && self.program.is_before(6, 8)
    }
}

impl Machine<'_> {
    /// Notes where else the number is; at most [`MAX_LINKED`] places stay linked (`collect_linked_regs`, Linux 6.11
    /// `kernel/bpf/verifier.c`).
    fn collect_linked(&mut self, state: &mut State, value: &Value) {
        if !value.is_scalar() || value.id == 0 {
            return;
        }
        let is_linked = |other: &Value| other.is_scalar() && other.id == value.id;
        for number in (0..state.frames.len()).rev() {
            let frame = &state.frames[number];
            let mut found = RegSet::EMPTY;
            for reg in Reg::ALL.into_iter().filter(|reg| *reg != Reg::R10) {
                if is_linked(&frame.regs[usize::from(reg.number())]) {
                    found.insert(reg);
                }
            }
            let mut slots = 0_u64;
            for (slot, content) in frame.stack.slots.iter().enumerate() {
                let spill = content.spill.as_ref().filter(|_| content.spill_bytes() > 0);
                slots |= u64::from(spill.is_some_and(|spill| is_linked(spill))) << slot;
            }
            let number = number as u8;
            for reg in found.iter() {
                if !self.add_link(Place::Reg(number, reg)) {
                    state.frame_mut(number).regs[usize::from(reg.number())].unlink();
                }
            }
            while slots != 0 {
                let slot = slots.trailing_zeros() as u8;
                slots &= slots - 1;
                if !self.add_link(Place::Slot(StackSlot { frame: number, slot }))
                    && let Some(spill) =
                        &mut state.frame_mut(number).stack.slots[usize::from(slot)].spill
                {
                    std::rc::Rc::make_mut(spill).unlink();
                }
            }
        }
    }

    fn add_link(&mut self, place: Place) -> bool {
        let is_known = self.links.contains(&place);
        if !is_known && self.links.len() < MAX_LINKED {
            self.links.push(place);
            return true;
        }
        is_known
    }
}

/// `LINKED_REGS_MAX` (Linux 6.11 `kernel/bpf/verifier.c`).
const MAX_LINKED: usize = 6;

/// Whether the jump is taken, if that is certain.
fn outcome(width: Width, op: JmpOp, left: &Value, right: &Value) -> Option<bool> {
    if left.is_scalar() && right.is_scalar() {
        return branch::outcome(width, op, &left.number, &right.number);
    }
    if width == Width::W32 {
        return None;
    }
    if left.is_pointer() && right.is_zero() && left.is_never_null() {
        return match op {
            JmpOp::Eq => Some(false),
            JmpOp::Ne => Some(true),
            _ => None,
        };
    }
    let (op, packet) = match (left.kind, right.kind) {
        (Kind::Packet, Kind::PacketEnd) => (op, left),
        (Kind::PacketEnd, Kind::Packet) => (op.swapped(), right),
        _ => return None,
    };
    match (packet.range, op) {
        (PacketRange::BeyondEnd, JmpOp::Gt | JmpOp::Ge) => Some(true),
        (PacketRange::BeyondEnd, JmpOp::Le | JmpOp::Lt) => Some(false),
        (PacketRange::AtEnd, JmpOp::Ge) => Some(true),
        (PacketRange::AtEnd, JmpOp::Lt) => Some(false),
        _ => None,
    }
}

/// Sets a number of which more is known now, and all that are linked to it.
fn learn(state: &mut State, reg: Reg, value: &Value) {
    let known = Value { number: value.number, ..*state.reg(reg) };
    state.set(reg, known);
    if known.id == 0 {
        return;
    }
    state.for_each(
        |other| other.is_scalar() && other.id == known.id,
        |other| {
            let is_alike = other.is_displaced == known.is_displaced && other.off == known.off;
            if other.is_displaced && known.is_displaced && other.is_narrow != known.is_narrow {
                // Sums of different widths say nothing of each other.
            } else if is_alike {
                other.number = known.number;
                other.is_narrow = known.is_narrow;
            } else {
                let distance = i64::from(other.off) - i64::from(known.off);
                let distance = Scalar::constant(distance as u64);
                let is_narrow = other.is_narrow || known.is_narrow;
                other.number = arith::displace(known.number, distance, is_narrow);
            }
        },
    );
}

fn compare_pointers(
    program: &Program<'_>,
    state: &mut State,
    taken: &mut State,
    width: Width,
    op: JmpOp,
    (dst, left): (Reg, &Value),
    (src, right): (Src, &Value),
) {
    if width == Width::W32 {
        return;
    }
    let equality = match op {
        JmpOp::Eq => Some(true),
        JmpOp::Ne => Some(false),
        _ => None,
    };
    if let (Some(eq_is_taken), Src::Imm(0), true) = (equality, src, left.is_nullable) {
        let (when_equal, when_not) = match eq_is_taken {
            true => (taken, state),
            false => (state, taken),
        };
        decide_null(program, when_equal, left, true);
        decide_null(program, when_not, left, false);
        return;
    }
    // A pointer that equals one that is not null is not null (Linux 6.2).
    if let (Some(eq_is_taken), true) = (equality, left.is_pointer() && right.is_pointer()) {
        if left.is_nullable != right.is_nullable {
            let nullable = if left.is_nullable { left } else { right };
            let when_equal = if eq_is_taken { taken } else { state };
            decide_null(program, when_equal, nullable, false);
        }
        return;
    }
    if let Src::Reg(src) = src {
        compare_packet(state, taken, op, (dst, left), (src, right));
    }
}

/// All registers with this id are null, or are not.
fn decide_null(program: &Program<'_>, state: &mut State, value: &Value, is_null: bool) {
    let (id, ref_id) = (value.id, value.ref_id);
    if is_null && ref_id == id {
        // Nothing was acquired. What was made of an acquired object may be null without it (`bpf_skc_to_tcp_sock`).
        state.held.retain(|held| held.id != ref_id);
    }
    state.for_each(
        |other| other.is_nullable && other.id == id,
        |other| {
            if is_null {
                *other = Value::scalar(Scalar::ZERO, other.origin);
            } else {
                other.is_nullable = false;
                if !may_hold_lock(program, other) {
                    other.id = 0;
                }
            }
        },
    );
}

/// A comparison of a packet pointer with the end, or of a pointer to the metadata with the start:
/// on one way, some bytes are known to exist (`try_match_pkt_pointers`, Linux 6.12
/// `kernel/bpf/verifier.c`).
fn compare_packet(
    state: &mut State,
    taken: &mut State,
    op: JmpOp,
    (dst, left): (Reg, &Value),
    (src, right): (Reg, &Value),
) {
    let is_start = |value: &Value| value.kind == Kind::Packet && value.fixed_offset() == Some(0);
    let (op, reg, pointer) = match (left.kind, right.kind) {
        (Kind::Packet, Kind::PacketEnd) => (op, dst, left),
        (Kind::PacketMeta, Kind::Packet) if is_start(right) => (op, dst, left),
        (Kind::PacketEnd, Kind::Packet) => (op.swapped(), src, right),
        (Kind::Packet, Kind::PacketMeta) if is_start(left) => (op.swapped(), src, right),
        _ => return,
    };
    // Where `pointer < end`, the byte at `pointer` exists too.
    let (inside, outside, is_strict) = match op {
        JmpOp::Gt => (state, taken, false),
        JmpOp::Ge => (state, taken, true),
        JmpOp::Lt => (taken, state, true),
        JmpOp::Le => (taken, state, false),
        _ => return,
    };
    extend(inside, pointer, is_strict);
    if pointer.kind == Kind::Packet {
        outside.reg_mut(reg).range = match is_strict {
            true => PacketRange::AtEnd,
            false => PacketRange::BeyondEnd,
        };
    }
}

/// The bytes up to `pointer` exist, and with `is_strict` one more.
fn extend(state: &mut State, pointer: &Value, is_strict: bool) {
    let Ok(off) = u64::try_from(pointer.off) else {
        return;
    };
    let limit = u64::from(MAX_PACKET_OFFSET);
    let is_nothing = off == 0 && is_strict;
    if is_nothing || pointer.number.umax > limit || pointer.number.umax + off > limit {
        return;
    }
    let known = (off + u64::from(is_strict)).min(limit) as u16;
    let (kind, id) = (pointer.kind, pointer.id);
    state.for_each(
        |other| other.kind == kind && other.id == id,
        |other| {
            let old = match other.range {
                PacketRange::Bytes(old) => old,
                PacketRange::AtEnd | PacketRange::BeyondEnd => 0,
            };
            other.range = PacketRange::Bytes(old.max(known));
        },
    );
}
