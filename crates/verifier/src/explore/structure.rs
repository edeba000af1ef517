//! What must hold of the code before any path is followed: jumps lead somewhere, everything is
//! reachable, functions end, nothing recurses. `check_subprogs`, `check_cfg` and
//! `check_max_stack_depth` (Linux 6.12 `kernel/bpf/verifier.c`).

use super::depth::is_tail_call;
use crate::fault::{
    CallbackFault, ExceptionFault, Fault, FaultKind, KernelFault, Limit, Malformed, TailCallFault,
};
use crate::program::{Operand, Param, Program};
use bpfc_isa::{Callee, Insn};
use bpfc_kabi::ProgType;
use bpfc_kabi::limits::MAX_CALL_FRAMES;

/// The first thing that is wrong, and the instruction.
pub fn check(program: &Program<'_>) -> Result<(), (u32, Fault)> {
    let malformed = |insn_idx, kind| Err((insn_idx, Fault::alone(FaultKind::Malformed(kind))));
    if program.prog_type == Some(ProgType::StructOps) && !program.is_gpl() {
        return Err((0, Fault::alone(FaultKind::Kernel(KernelFault::License))));
    }
    let hook = program.of_kernel.as_ref().and_then(|kernel| kernel.hook.as_ref());
    if let Some(hook) = hook
        && hook.is_unsupported(program.is_sleepable)
    {
        return Err((0, Fault::alone(FaultKind::Kernel(KernelFault::Member(hook.name.clone())))));
    }
    for (insn_idx, op) in (0..).zip(&program.code) {
        if op.insn.jump_offset().is_some() && op.target.is_none() {
            return malformed(insn_idx, Malformed::Jump);
        }
    }
    for func in &program.funcs {
        let last = &program.code[func.end as usize - 1].insn;
        if !last.is_terminator() {
            return malformed(func.end - 1, Malformed::FallsOff);
        }
        if let Some(insn_idx) = unreachable(program, func.start, func.end) {
            return malformed(insn_idx, Malformed::Unreachable);
        }
        if program.is_before(6, 7)
            && let Some(insn_idx) = closed_loop(program, func.start, func.end, false)
        {
            return malformed(insn_idx, Malformed::ClosesLoop);
        }
    }
    if program.n_exception_callbacks > 1 {
        let kind = FaultKind::Exception(ExceptionFault::SeveralHandlers);
        return Err((0, Fault::alone(kind)));
    }
    exception_handler(program)?;
    abnormal_return(program)?;
    recursion(program)
}

/// Whether addresses of functions still lead to functions once what no path runs (`visits` is 0) is removed:
/// `opt_remove_dead_code` and `jit_subprogs` (Linux 6.18 `kernel/bpf/verifier.c`). An address of a removed function is
/// that of the code behind it, which must be the start of a function. With one function left nobody looks.
pub fn check_removal(program: &Program<'_>, visits: &[u32]) -> Result<(), (u32, Fault)> {
    let runs = |insn_idx: u32| visits[insn_idx as usize] > 0;
    let n_left = program.funcs.iter().filter(|func| runs(func.start)).count();
    if program.is_unprivileged || n_left == 1 {
        return Ok(());
    }
    for (insn_idx, op) in (0..).zip(&program.code) {
        let Operand::Func(func) = op.operand else { continue };
        let start = program.funcs[func as usize].start;
        if matches!(op.insn, Insn::Call(_)) || !runs(insn_idx) || runs(start) {
            continue;
        }
        let is_found = (start..program.code.len() as u32).any(runs) && runs(start - 1);
        if !is_found {
            let kind = FaultKind::Callback(CallbackFault::NeverRun);
            return Err((insn_idx, Fault::alone(kind)));
        }
    }
    Ok(())
}

/// The handler of exceptions takes and returns one number, and others can see it: `do_check_common`.
fn exception_handler(program: &Program<'_>) -> Result<(), (u32, Fault)> {
    let Some(handler) = program.exception_handler() else {
        return Ok(());
    };
    let info = &program.funcs[handler as usize];
    let contract = info.contract.as_ref();
    let takes_number = contract.is_some_and(|contract| contract.params == [Param::Scalar]);
    match info.is_global && info.returns_number && takes_number {
        true => Ok(()),
        false => {
            let kind = FaultKind::Exception(ExceptionFault::HandlerType);
            Err((info.start, Fault::alone(kind)))
        }
    }
}

/// Functions that may end the program from within return numbers: `check_abnormal_return`, `check_btf_func`.
fn abnormal_return(program: &Program<'_>) -> Result<(), (u32, Fault)> {
    for (insn_idx, op) in (0..).zip(&program.code) {
        let may_end = match op.insn {
            Insn::LoadPacket { .. } => true,
            Insn::Call(Callee::Helper(id)) => is_tail_call(id),
            _ => false,
        };
        let func = &program.funcs[op.func as usize];
        if op.func > 0 && may_end && func.has_type && !func.returns_number {
            let kind = FaultKind::TailCall(TailCallFault::NoNumber);
            return Err((insn_idx, Fault::alone(kind)));
        }
    }
    Ok(())
}

/// Functions called by a function, in the order of the calls.
fn callees(program: &Program<'_>, func: usize) -> Vec<usize> {
    let info = &program.funcs[func];
    let mut callees = Vec::new();
    for op in &program.code[info.start as usize..info.end as usize] {
        if let (Insn::Call(_), Operand::Func(callee)) = (op.insn, op.operand)
            && !callees.contains(&(callee as usize))
        {
            callees.push(callee as usize);
        }
    }
    callees
}

fn unreachable(program: &Program<'_>, start: u32, end: u32) -> Option<u32> {
    let mut seen = vec![false; (end - start) as usize];
    let mut pending = vec![start];
    while let Some(insn_idx) = pending.pop() {
        let at = (insn_idx - start) as usize;
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        let op = &program.code[insn_idx as usize];
        pending.extend(op.target);
        if !op.insn.is_terminator() && insn_idx + 1 < end {
            pending.push(insn_idx + 1);
        }
    }
    let missing = seen.iter().position(|seen| !seen)?;
    Some(start + missing as u32)
}

/// Programs of users without privileges have no loops: `check_cfg`.
pub fn check_loops(program: &Program<'_>) -> Result<(), (u32, Fault)> {
    let mut funcs = program.funcs.iter();
    match funcs.find_map(|func| closed_loop(program, func.start, func.end, true)) {
        Some(insn_idx) => {
            let why = "a program cannot have loops";
            Err((insn_idx, Fault::alone(FaultKind::Unprivileged(why))))
        }
        None => Ok(()),
    }
}

/// The first instruction, with `any` also a jump, whose successor leads to it. `check_cfg` and `visit_insn` (Linux 6.1
/// `kernel/bpf/verifier.c`): a search along what follows an instruction first, then along its jump.
fn closed_loop(program: &Program<'_>, start: u32, end: u32, any: bool) -> Option<u32> {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Visit {
        Not,
        Open,
        Done,
    }
    let mut visits = vec![Visit::Not; (end - start) as usize];
    let mut way = vec![(start, 0)];
    visits[0] = Visit::Open;
    while let Some((insn_idx, n_done)) = way.last_mut() {
        let (at, nth) = (*insn_idx, *n_done);
        *n_done += 1;
        let op = &program.code[at as usize];
        let follows = (!op.insn.is_terminator() && at + 1 < end).then_some(at + 1);
        let Some(next) = follows.into_iter().chain(op.target).nth(nth) else {
            visits[(at - start) as usize] = Visit::Done;
            way.pop();
            continue;
        };
        match visits[(next - start) as usize] {
            Visit::Not => {
                visits[(next - start) as usize] = Visit::Open;
                way.push((next, 0));
            }
            Visit::Open if any || op.target.is_none() => return Some(at),
            Visit::Open | Visit::Done => {}
        }
    }
    None
}

/// A depth-first search that does not recurse itself: a program has up to 256 functions, but an
/// object may have any number.
fn recursion(program: &Program<'_>) -> Result<(), (u32, Fault)> {
    let n_funcs = program.funcs.len();
    let all: Vec<Vec<usize>> = (0..n_funcs).map(|func| callees(program, func)).collect();
    let mut is_done = vec![false; n_funcs];
    for root in 0..n_funcs {
        let mut chain: Vec<(usize, usize)> = vec![(root, 0)];
        while let Some((func, next)) = chain.last_mut() {
            let func = *func;
            if is_done[func] || *next == all[func].len() {
                is_done[func] = true;
                chain.pop();
                continue;
            }
            let callee = all[func][*next];
            *next += 1;
            if chain.iter().any(|(func, _)| *func == callee) {
                let name = program.funcs[callee].name.clone();
                let calls = |op: &crate::program::Op| op.operand == Operand::Func(callee as u32);
                let info = &program.funcs[func];
                let range = info.start..info.end;
                let insn_idx = range.clone().find(|&at| calls(&program.code[at as usize]));
                let at = insn_idx.unwrap_or(info.start);
                return Err((at, Fault::alone(FaultKind::Recursion(name))));
            }
            if chain.len() >= 4096 {
                let limit = Limit::Frames(MAX_CALL_FRAMES);
                return Err((
                    program.funcs[func].start,
                    Fault::alone(FaultKind::TooComplex(limit)),
                ));
            }
            chain.push((callee, 0));
        }
    }
    Ok(())
}
