//! Whether a state meets an obligation.
//!
//! Requires: obligations are asked in order, so that a later one may take for granted what an
//! earlier one of the same instruction demands.
//! Ensures: the state is not changed. What is not modelled ([`Kind::Unknown`]) meets everything.

mod argument;
mod arithmetic;
mod attach;
mod compat;
mod dynptr;
mod exit;
mod format;
mod kfunc;
mod memory;
mod object;
mod scope;
mod special;
mod typed;
mod unprivileged;

pub use argument::{map_of_call, proto_of, size_of_argument};
pub use compat::check_maps;
pub use dynptr::{Dynptr, Place, initialised as initialised_dynptr};
pub use exit::is_result_checked;
pub use kfunc::{Call as KfuncCall, call as kfunc_call};
pub use memory::stack_range;
pub use object::kptr_taken;
pub use scope::owner as lock_owner;
pub use typed::{Loaded, kptr_loaded, kptr_touched, object as typed_object};
pub use unprivileged::{
    check_program as check_unprivileged, concerns as concerns_privileges,
    limit as speculation_limit,
};

use crate::fault::{Ending, Fault, FaultKind, HelperFault, Limit, Malformed, TailCallFault};
use crate::obligation::Obligation;
use crate::program::{Param, Program, section_call};
use crate::state::{Kind, State};
use bpfc_isa::{AluOp, Reg, Width};
use bpfc_kabi::{ProgType, helper_by_id, limits::MAX_CALL_FRAMES};

/// Whether `state`, about to run the instruction that demands it, meets `obligation`.
pub fn discharge(
    program: &Program<'_>,
    state: &State,
    obligation: &Obligation,
) -> Result<(), Fault> {
    let at = |reg: Reg| {
        let value = *state.reg(reg);
        move |kind| Fault::of(kind, Some(reg), value)
    };
    let nowhere = Fault::alone;
    match *obligation {
        Obligation::Readable(reg) => match state.reg(reg).kind {
            Kind::Uninit => Err(at(reg)(FaultKind::Uninit)),
            _ => Ok(()),
        },
        Obligation::Writable(reg) => match reg {
            Reg::R10 => Err(at(reg)(FaultKind::FramePointer)),
            _ => Ok(()),
        },
        Obligation::Arithmetic { width, op, dst, src } => {
            arithmetic::check(state, width, op, dst, src)
        }
        Obligation::Constant { width, op, value } => {
            constant(width, op, value).map_err(|kind| nowhere(FaultKind::Malformed(kind)))
        }
        Obligation::Access(access) => {
            memory::access(program, state, &access).map_err(at(access.base))
        }
        Obligation::Callable(helper) => {
            callable(program, helper).map_err(|why| nowhere(FaultKind::Helper(helper, why)))?;
            match helper_by_id(helper) {
                Some(row) => {
                    scope::call(program, state, scope::Callee::Helper(row)).map_err(nowhere)
                }
                None => Ok(()),
            }
        }
        Obligation::Kfunc(func) => kfunc::call(program, state, func).map(|_| ()),
        Obligation::Argument { helper, idx } => argument::check(program, state, helper, idx),
        Obligation::Contract { func, idx } => {
            contract(program, state, func, idx).map_err(at(Reg::ARGS[idx]))
        }
        Obligation::Depth => match state.frames.len() < MAX_CALL_FRAMES as usize {
            true => Ok(()),
            false => Err(nowhere(FaultKind::TooComplex(Limit::Frames(MAX_CALL_FRAMES)))),
        },
        Obligation::PacketLoad => packet_load(program, state).map_err(at(Reg::R6)),
        Obligation::Ending(by) => scope::ending(state, by).map_err(nowhere),
        Obligation::Special(helper) => match helper_by_id(helper) {
            Some(row) => special::check(program, state, row).map_err(|(kind, reg)| match reg {
                Some(reg) => at(reg)(kind),
                None => nowhere(kind),
            }),
            None => Ok(()),
        },
        Obligation::Enterable(func) => {
            scope::call(program, state, scope::Callee::Func(func)).map_err(nowhere)
        }
        Obligation::KernelCall => kernel_call(program, state).map_err(nowhere),
        Obligation::Returnable => exit::check(program, state).map_err(at(Reg::R0)),
        // `check_ld_imm` (Linux 5.13 `kernel/bpf/verifier.c`).
        Obligation::Callback(func) => match program.funcs[func as usize].is_global {
            true => Err(nowhere(FaultKind::Malformed(Malformed::GlobalCallback))),
            false => Ok(()),
        },
        Obligation::Privileged => unprivileged::check(program, state),
        Obligation::Exists => Err(nowhere(FaultKind::Malformed(Malformed::NoMap))),
        Obligation::WellFormed => well_formed(program, state).map_err(nowhere),
    }
}

/// Calls lead to functions, casts between address spaces to or from an arena.
fn well_formed(program: &Program<'_>, state: &State) -> Result<(), FaultKind> {
    let is_cast =
        matches!(program.code[state.insn_idx as usize].insn, bpfc_isa::Insn::CastAddrSpace { .. });
    match is_cast {
        true if program.has_arena => Ok(()),
        true => Err(FaultKind::Malformed(Malformed::NoArena)),
        false => Err(FaultKind::Malformed(Malformed::Call)),
    }
}

fn constant(width: Width, op: AluOp, value: i32) -> Result<(), Malformed> {
    let is_division = matches!(op, AluOp::Div | AluOp::Mod | AluOp::SDiv | AluOp::SMod);
    let is_shift = matches!(op, AluOp::Lsh | AluOp::Rsh | AluOp::Arsh);
    if is_division && value == 0 {
        Err(Malformed::DivisionByZero)
    } else if is_shift && !(0..width.bits() as i32).contains(&value) {
        Err(Malformed::Shift)
    } else {
        Ok(())
    }
}

fn callable(program: &Program<'_>, id: u32) -> Result<(), HelperFault> {
    let Some(helper) = helper_by_id(id) else {
        return Err(HelperFault::NoSuch);
    };
    if let Some(prog_type) = program.prog_type
        && (!helper.is_allowed(prog_type, program.helper_kernel)
            || !attach::allows(prog_type, program.attach_type, helper.name))
        && !is_of_socket_iterator(program, helper.name)
    {
        return Err(HelperFault::NotHere);
    }
    // `bpf_tcp_ca_get_func_proto`: the socket is on its way out.
    let hook = program.of_kernel.as_ref().and_then(|kernel| kernel.hook.as_ref());
    if hook.is_some_and(|hook| hook.is_of("tcp_congestion_ops", "release"))
        && helper.name == "bpf_setsockopt"
    {
        return Err(HelperFault::NotHere);
    }
    if helper.gpl_only && !program.is_gpl() {
        return Err(HelperFault::Gpl);
    }
    // Programs of type `Syscall` always may sleep; of an extension its target decides.
    let may_sleep = program.is_sleepable
        || matches!(
            program.prog_type,
            None | Some(ProgType::Syscall | ProgType::Ext | ProgType::StructOps)
        );
    if helper.effects.might_sleep && !may_sleep {
        return Err(HelperFault::Sleeps);
    }
    Ok(())
}

/// `btf_check_func_arg_match` (Linux 6.12 `kernel/bpf/verifier.c`).
fn contract(program: &Program<'_>, state: &State, func: u32, idx: usize) -> Result<(), FaultKind> {
    let contract = program.funcs[func as usize].contract.as_ref();
    if let Some(why) = contract.and_then(|contract| contract.refused) {
        return Err(FaultKind::NoContract { func, why });
    }
    let info = &program.funcs[func as usize];
    // Functions that return nothing since Linux 7.1.
    if info.is_global && !info.returns_number && (!info.is_void || !program.is_since(7, 1)) {
        let why = "it does not return a number";
        return Err(FaultKind::NoContract { func, why });
    }
    let Some(param) = contract.and_then(|contract| contract.params.get(idx)) else {
        return Ok(());
    };
    let value = state.reg(Reg::ARGS[idx]);
    let refuse = |wanted| Err(FaultKind::Contract { func, idx, wanted });
    match (*param, value.kind) {
        (_, Kind::Uninit) => Err(FaultKind::Uninit),
        (_, Kind::Unknown) | (Param::Unknown, _) | (Param::Scalar, Kind::Scalar) => Ok(()),
        (Param::Scalar, _) => refuse("a number"),
        (Param::Arena, Kind::Scalar | Kind::Arena) => Ok(()),
        (Param::Arena, _) => refuse("an address in an arena, or a number"),
        (Param::Dynptr, _) if program.of_kernel.is_none() => Ok(()),
        (Param::Dynptr, _) => dynptr::initialised(state, value).map(|_| ()),
        (Param::Object { ty, is_nullable, is_trusted: true }, _) => {
            match object::fits_parameter(program, value, ty, is_nullable) {
                true => Ok(()),
                false => refuse("a trusted pointer to a kernel object of that type"),
            }
        }
        (Param::Object { .. }, _) => Ok(()),
        (Param::Ctx, Kind::Ctx) if value.fixed_offset() != Some(0) => Err(FaultKind::CtxModified),
        (Param::Ctx, Kind::Ctx) => Ok(()),
        (Param::Ctx, _) => refuse("the program's context"),
        (Param::Mem { size_bytes, is_nullable }, _) => {
            if is_nullable && value.is_zero() {
                return Ok(());
            }
            if value.is_nullable && !is_nullable {
                return refuse("a pointer that is not null");
            }
            if value.is_scalar() {
                return refuse("a pointer to memory");
            }
            let mut value = *value;
            value.is_nullable = false;
            memory::contract_region(program, state, &value, size_bytes)
        }
    }
}

/// Whether the kernel function may be called here.
fn kernel_call(program: &Program<'_>, state: &State) -> Result<(), FaultKind> {
    let name = program.kfunc_name(state.insn_idx);
    scope::call(program, state, scope::Callee::Kfunc(name))?;
    if name == Some("bpf_throw") {
        scope::ending(state, Ending::Throw)?;
        // Without a handler of its own, the value is the program's result.
        return match program.exception_callback {
            Some(_) => Ok(()),
            None => exit::result(program, state.reg(Reg::R1)),
        };
    }
    match name.and_then(section_call) {
        Some(section) => scope::section_call(program, state, section),
        None => Ok(()),
    }
}

/// `check_ld_abs` (Linux 6.12 `kernel/bpf/verifier.c`).
fn packet_load(program: &Program<'_>, state: &State) -> Result<(), FaultKind> {
    let is_allowed = matches!(
        program.prog_type,
        None | Some(ProgType::SocketFilter | ProgType::SchedCls | ProgType::SchedAct)
    );
    if !is_allowed {
        return Err(FaultKind::Malformed(Malformed::PacketLoad));
    }
    let is_callback = |frame: &std::rc::Rc<crate::state::Frame>| frame.callback.is_some();
    if state.frames.iter().skip(1).any(is_callback) {
        return Err(FaultKind::TailCall(TailCallFault::Callback));
    }
    match state.reg(Reg::R6).kind {
        Kind::Ctx | Kind::Unknown => Ok(()),
        _ => Err(FaultKind::NotAPointer),
    }
}

/// Programs that iterate over TCP or UNIX sockets may change their options (`bpf_iter_tcp_get_func_proto`, Linux 5.16).
fn is_of_socket_iterator(program: &Program<'_>, helper: &str) -> bool {
    matches!(helper, "bpf_setsockopt" | "bpf_getsockopt")
        && matches!(program.linked.section.as_str(), "iter/tcp" | "iter/unix")
        && !program.is_before(5, 16)
}
