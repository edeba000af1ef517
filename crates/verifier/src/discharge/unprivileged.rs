//! What programs of users without `CAP_BPF` and `CAP_PERFMON` may not do: learn addresses, and make the processor
//! speculate about them. `allow_ptr_leaks`, `bpf_capable` and `bypass_spec_v1` (Linux 6.18 `kernel/bpf/verifier.c`).

use super::memory::{self, Region};
use super::stack_range;
use crate::fault::{Argument, Fault, FaultKind, Leak};
use crate::obligation::AccessKind;
use crate::program::{Op, Operand, Program};
use crate::state::{Byte, Kind, PacketRange, State, Value, place};
use bpfc_isa::{AluOp, AtomicOp, Callee, Insn, JmpOp, Reg, Src, Width};
use bpfc_kabi::{ArgKind, CtxValue, MapType, ProgType, helper_by_id};

/// Instructions of a program (`BPF_MAXINSNS`).
const MAX_INSNS: usize = 4096;

/// Helpers that need `CAP_BPF` or `CAP_PERFMON` (`bpf_base_func_proto`, `bpf_sk_base_func_proto`).
const DENIED: [&str; 43] = [
    "bpf_cgrp_storage_delete",
    "bpf_cgrp_storage_get",
    "bpf_dynptr_data",
    "bpf_dynptr_from_mem",
    "bpf_dynptr_read",
    "bpf_dynptr_write",
    "bpf_for_each_map_elem",
    "bpf_get_current_ancestor_cgroup_id",
    "bpf_get_current_cgroup_id",
    "bpf_get_current_task",
    "bpf_get_current_task_btf",
    "bpf_jiffies64",
    "bpf_kptr_xchg",
    "bpf_loop",
    "bpf_per_cpu_ptr",
    "bpf_perf_event_read_value",
    "bpf_probe_read_kernel",
    "bpf_probe_read_kernel_str",
    "bpf_probe_read_user",
    "bpf_probe_read_user_str",
    "bpf_ringbuf_discard_dynptr",
    "bpf_ringbuf_reserve_dynptr",
    "bpf_ringbuf_submit_dynptr",
    "bpf_skc_to_mptcp_sock",
    "bpf_skc_to_tcp6_sock",
    "bpf_skc_to_tcp_request_sock",
    "bpf_skc_to_tcp_sock",
    "bpf_skc_to_tcp_timewait_sock",
    "bpf_skc_to_udp6_sock",
    "bpf_skc_to_unix_sock",
    "bpf_snprintf",
    "bpf_snprintf_btf",
    "bpf_spin_lock",
    "bpf_spin_unlock",
    "bpf_task_pt_regs",
    "bpf_this_cpu_ptr",
    "bpf_timer_cancel",
    "bpf_timer_init",
    "bpf_timer_set_callback",
    "bpf_timer_start",
    "bpf_trace_printk",
    "bpf_trace_vprintk",
    "bpf_user_ringbuf_drain",
];

/// What such a program must not be, before any path is followed.
pub fn check_program(program: &Program<'_>) -> Result<(), (u32, Fault)> {
    let fault = |at, why| Err((at, Fault::alone(FaultKind::Unprivileged(why))));
    if !matches!(program.prog_type, None | Some(ProgType::SocketFilter | ProgType::CgroupSkb)) {
        return fault(0, "only socket filters and `cgroup_skb` programs are for everyone");
    }
    if program.code.len() > MAX_INSNS {
        return fault(MAX_INSNS as u32, "a program has 4096 instructions at most");
    }
    for (insn_idx, op) in (0..).zip(&program.code) {
        let is_kernel_call =
            matches!(op.insn, Insn::Call(Callee::Kfunc { .. } | Callee::Local { .. }));
        if is_kernel_call || matches!(op.operand, Operand::Func(_)) {
            return fault(insn_idx, "a program cannot have functions, or call those of the kernel");
        }
        let (Operand::Map(map) | Operand::MapValue(map, _)) = op.operand else {
            continue;
        };
        if program.maps[map].kind == Some(MapType::Arena) {
            return fault(insn_idx, "arenas need privileges");
        }
    }
    Ok(())
}

/// Whether the instruction that is about to run is for everyone.
pub fn check(program: &Program<'_>, state: &State) -> Result<(), Fault> {
    let op = &program.code[state.insn_idx as usize];
    let result = match op.insn {
        Insn::Alu { width, op, dst, src } => arithmetic(program, state, width, op, dst, src),
        Insn::Neg { dst, .. } | Insn::ByteSwap { dst, .. } => known(state, dst, Leak::Arithmetic),
        Insn::SignExtend { src, .. } => known(state, src, Leak::Part),
        Insn::JumpIf { width, op, dst, src, .. } => comparison(state, width, op, dst, src),
        Insn::Load { base, off, ty, .. } => load(program, state, base, off, ty.size().bytes()),
        Insn::Store { base, off, size, src } => {
            store(state, base, off, size.bytes(), register(src))
        }
        Insn::StoreRelease { base, off, size, src } => {
            store(state, base, off, size.bytes(), Some(src))
        }
        Insn::Atomic { op, base, off, src, width } => {
            known(state, src, Leak::Memory).and_then(|()| {
                if op == AtomicOp::CmpXchg {
                    known(state, Reg::R0, Leak::Memory)?;
                }
                store(state, base, off, width.size().bytes(), None)
            })
        }
        Insn::Call(Callee::Helper(id)) => call(state, id),
        Insn::Exit => known(state, Reg::R0, Leak::Returned),
        _ => Ok(()),
    };
    result.map_err(|(kind, reg)| Fault::of(kind, Some(reg), *state.reg(reg)))
}

type Answer = Result<(), (FaultKind, Reg)>;

fn register(src: Src) -> Option<Reg> {
    match src {
        Src::Reg(reg) => Some(reg),
        Src::Imm(_) => None,
    }
}

/// The register is no pointer.
fn known(state: &State, reg: Reg, leak: Leak) -> Answer {
    match state.reg(reg).is_pointer() {
        true => Err((FaultKind::Leak(leak), reg)),
        false => Ok(()),
    }
}

fn arithmetic(
    program: &Program<'_>,
    state: &State,
    width: Width,
    op: AluOp,
    dst: Reg,
    src: Src,
) -> Answer {
    if op == AluOp::Mov {
        return match (width, src) {
            (Width::W32, Src::Reg(src)) => known(state, src, Leak::Part),
            _ => Ok(()),
        };
    }
    let left = *state.reg(dst);
    let right = match src {
        Src::Reg(reg) => *state.reg(reg),
        Src::Imm(imm) => {
            Value::scalar(crate::domain::Scalar::constant(i64::from(imm) as u64), state.insn_idx)
        }
    };
    let (pointer, number) = match (left.is_pointer(), right.is_pointer()) {
        (false, false) => return Ok(()),
        (true, true) => return Err((FaultKind::Leak(Leak::Arithmetic), dst)),
        (true, false) => (left, right),
        (false, true) => (right, left),
    };
    if width == Width::W32 {
        return Err((FaultKind::Leak(Leak::Arithmetic), dst));
    }
    if let Src::Reg(_) = src {
        speculation(program, op, &pointer, &number.number).map_err(|kind| (kind, dst))?;
    }
    let result = crate::transfer::displace(&pointer, op, &number.number, 0);
    match pointer.kind {
        Kind::Stack { .. } => {
            let inside = result.fixed_offset().is_some_and(|off| (-512..0).contains(&off));
            match inside {
                true => Ok(()),
                false => Err((FaultKind::Leak(Leak::OutOfStack), dst)),
            }
        }
        Kind::MapValue(_) => {
            let at = Argument { helper: 0, idx: 0 };
            let region = Region {
                value: &result,
                off: 0,
                n_bytes: 1,
                kind: AccessKind::Read,
                by_helper: Some(at),
                must_be_init: true,
            };
            memory::region(program, state, &region)
                .map_err(|_| (FaultKind::Leak(Leak::OutOfValue), dst))
        }
        _ => Ok(()),
    }
}

/// `sanitize_ptr_alu`: whether the addition of a register can be masked so that a processor that guesses wrong does
/// not leave the object.
fn speculation(
    program: &Program<'_>,
    op: AluOp,
    pointer: &Value,
    number: &crate::domain::Scalar,
) -> Result<(), FaultKind> {
    if !matches!(op, AluOp::Add | AluOp::Sub) {
        return Ok(());
    }
    let fault = Err(FaultKind::Leak(Leak::Speculation));
    let is_mixed = (number.smin < 0) != (number.smax < 0);
    if number.as_constant().is_none() && is_mixed {
        return fault;
    }
    let limit = limit(program, pointer, op, number.smin < 0);
    if limit.is_some() { Ok(()) } else { fault }
}

/// `retrieve_ptr_limit`: how far the pointer may move.
pub fn limit(program: &Program<'_>, pointer: &Value, op: AluOp, is_negative: bool) -> Option<i64> {
    let is_left = (op == AluOp::Add) == is_negative;
    let off = i64::from(pointer.off);
    let (limit, max) = match pointer.kind {
        Kind::Stack { .. } => {
            let at = pointer.number.bits.value as i64;
            (at.checked_add(off)?.checked_neg()?, 512 + i64::from(is_left))
        }
        Kind::MapValue(map) => {
            let bound = match is_left {
                true => pointer.number.smin,
                false => pointer.number.umax as i64,
            };
            (bound.checked_add(off)?, i64::from(program.maps[map].value_bytes))
        }
        _ => return None,
    };
    // Compared as unsigned numbers of 32 bits, as the kernel does.
    ((limit as u32) < max as u32).then_some(i64::from(limit as u32))
}

fn comparison(state: &State, width: Width, op: JmpOp, dst: Reg, src: Src) -> Answer {
    let left = state.reg(dst);
    let is_packet =
        |value: &Value| matches!(value.kind, Kind::Packet | Kind::PacketMeta | Kind::PacketEnd);
    let fault = |reg| Err((FaultKind::Leak(Leak::Compared), reg));
    let equality = matches!(op, JmpOp::Eq | JmpOp::Ne);
    let right_is_zero = match src {
        Src::Imm(imm) => imm == 0,
        Src::Reg(src) => {
            let right = state.reg(src);
            if right.is_pointer() && !(is_packet(left) && is_packet(right)) {
                return fault(src);
            }
            right.is_zero()
        }
    };
    if !left.is_pointer() {
        return Ok(());
    }
    if width == Width::W32 {
        return fault(dst);
    }
    let is_decided = equality && right_is_zero && left.is_never_null();
    let is_null_check = equality && matches!(src, Src::Imm(0)) && left.is_nullable;
    if is_decided || is_null_check {
        return Ok(());
    }
    let right = register(src).map(|src| state.reg(src));
    let is_order = matches!(op, JmpOp::Gt | JmpOp::Ge | JmpOp::Lt | JmpOp::Le);
    let is_start = |value: &Value| value.kind == Kind::Packet && value.range != PacketRange::AtEnd;
    let matches_pair = right.is_some_and(|right| {
        matches!(
            (left.kind, right.kind),
            (Kind::Packet, Kind::PacketEnd) | (Kind::PacketEnd, Kind::Packet)
        ) || left.kind == Kind::PacketMeta && is_start(right)
            || right.kind == Kind::PacketMeta && is_start(left)
    });
    if is_order && matches_pair { Ok(()) } else { fault(dst) }
}

fn load(program: &Program<'_>, state: &State, base: Reg, off: i16, n_bytes: u32) -> Answer {
    match state.reg(base).kind {
        Kind::Map(_) => Err((FaultKind::Unprivileged("fields of maps need privileges"), base)),
        Kind::Ctx => {
            let offset = u32::try_from(off).unwrap_or(u32::MAX);
            let prog_type = program.prog_type.unwrap_or(ProgType::SocketFilter);
            let op = bpfc_kabi::AccessOp::Read;
            let field = bpfc_kabi::access_ctx(prog_type, program.attach_type, offset, n_bytes, op);
            let is_packet = matches!(field, Ok(CtxValue::Packet | CtxValue::PacketEnd));
            match prog_type == ProgType::CgroupSkb && is_packet {
                true => Err((FaultKind::Unprivileged("this field needs privileges"), base)),
                false => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn store(state: &State, base: Reg, off: i16, n_bytes: u32, stored: Option<Reg>) -> Answer {
    let pointer = state.reg(base);
    if let Some(stored) = stored
        && !matches!(pointer.kind, Kind::Stack { .. })
    {
        known(state, stored, Leak::Memory)?;
    }
    // The time stamp of a packet (`cg_skb_is_valid_access`); socket filters cannot write it anyway.
    if pointer.kind == Kind::Ctx && (152..160).contains(&off) {
        return Err((FaultKind::Unprivileged("this field needs privileges"), base));
    }
    let Kind::Stack { frame } = pointer.kind else {
        return Ok(());
    };
    let (min, max) = stack_range(pointer, off.into());
    if min != max {
        return Err((FaultKind::Leak(Leak::OutOfStack), base));
    }
    match n_bytes == 8 || !holds_pointer(state, frame, min, n_bytes.into()) {
        true => Ok(()),
        false => Err((FaultKind::Leak(Leak::Part), base)),
    }
}

/// Whether these bytes of the stack are a part of a stored pointer.
fn holds_pointer(state: &State, frame: u8, off: i64, n_bytes: u64) -> bool {
    let Some(frame) = state.frames.get(usize::from(frame)) else {
        return false;
    };
    let end = off.saturating_add(n_bytes as i64).min(0);
    (off.max(-512)..end).any(|off| {
        let slot = frame.stack.slot(off);
        slot.is_some_and(|slot| {
            let is_pointer = slot.spill.as_ref().is_some_and(|spill| spill.is_pointer());
            is_pointer && slot.bytes[place(off).1] == Byte::Spill
        })
    })
}

fn call(state: &State, id: u32) -> Answer {
    let Some(helper) = helper_by_id(id) else {
        return Ok(());
    };
    if DENIED.contains(&helper.name) {
        return Err((FaultKind::Unprivileged("this helper needs privileges"), Reg::R0));
    }
    for (arg, reg) in helper.proto.args.iter().zip(Reg::ARGS) {
        if arg.kind == ArgKind::Anything {
            known(state, reg, Leak::Passed)?;
        }
    }
    Ok(())
}

/// Whether a helper may be given these bytes of the stack.
pub fn stack_argument(
    state: &State,
    frame: u8,
    value: &Value,
    n_bytes: u64,
) -> Result<(), FaultKind> {
    let (min, max) = stack_range(value, 0);
    if min != max {
        return Err(FaultKind::Leak(Leak::OutOfStack));
    }
    match holds_pointer(state, frame, min, n_bytes) {
        true => Err(FaultKind::Leak(Leak::Passed)),
        false => Ok(()),
    }
}

/// Whether anything of this can be asked of an instruction at all.
pub fn concerns(op: &Op) -> bool {
    !matches!(
        op.insn,
        Insn::Jump { .. }
            | Insn::JumpLong { .. }
            | Insn::LoadImm64 { .. }
            | Insn::LoadPacket { .. }
    )
}
