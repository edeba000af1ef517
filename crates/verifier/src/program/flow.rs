//! Facts of the control flow: which registers are alive where, and where states are compared.
//!
//! Registers as `compute_live_registers` (Linux 6.15 `kernel/bpf/verifier.c`), places as
//! `visit_insn` there.

use super::{Op, Operand, Program, Repeats};
use bpfc_isa::{Callee, Insn, Reg, RegSet};
use bpfc_kabi::{Callback, KfuncFlags, helper_by_id};

/// Sets [`Op::live`], [`Op::is_prune_point`] and [`Op::is_jump_point`] of every instruction.
pub fn mark(program: &mut Program<'_>) {
    mark_points(program);
    mark_effects(program);
    super::scc::mark(&mut program.code);
    let funcs: Vec<_> = program.funcs.iter().map(|f| (f.start, f.end)).collect();
    let kfuncs = program.of_kernel.iter().flat_map(|kernel| &kernel.kfuncs);
    let n_params: Vec<usize> = kfuncs.map(|info| info.params.len()).collect();
    for (start, end) in funcs {
        mark_live(&mut program.code, &n_params, start, end);
    }
}

fn mark_points(program: &mut Program<'_>) {
    let (mut prune, mut jump) = (Vec::new(), Vec::new());
    for (insn_idx, op) in (0..).zip(&program.code) {
        match (op.insn, op.operand) {
            (Insn::JumpIf { .. } | Insn::MayGoto { .. }, _) => {
                prune.push(insn_idx);
                jump.extend(op.target);
            }
            (Insn::Jump { .. } | Insn::JumpLong { .. }, _) => jump.extend(op.target),
            (Insn::Call(callee), operand) => {
                jump.push(insn_idx + 1);
                if let Operand::Func(func) = operand {
                    jump.push(program.funcs[func as usize].start);
                }
                let is_plain = matches!(callee, Callee::Helper(_)) && operand != Operand::Kernel;
                prune.extend((!is_plain).then_some(insn_idx));
            }
            _ => {}
        }
    }
    mark_repeats(program);
    for point in jump {
        if let Some(op) = program.code.get_mut(point as usize) {
            op.is_jump_point = true;
            op.is_prune_point = true;
        }
    }
    for point in prune {
        program.code[point as usize].is_prune_point = true;
    }
}

/// Where loops end by other means than a counter: `visit_insn` (Linux 6.18 `kernel/bpf/verifier.c`).
fn mark_repeats(program: &mut Program<'_>) {
    for insn_idx in 0..program.code.len() {
        let name = program.kfunc_name(insn_idx as u32);
        let flags = name.and_then(bpfc_kabi::kfunc);
        let is_followed = program.of_kernel.is_some();
        let op = &mut program.code[insn_idx];
        op.repeats = match op.insn {
            Insn::MayGoto { .. } => Some(Repeats::MayGoto),
            Insn::Call(Callee::Helper(id)) => {
                let callback = helper_by_id(id).and_then(|helper| helper.effects.callback);
                let is_sync = callback.is_some_and(|callback| callback != Callback::Timer);
                is_sync.then_some(Repeats::Callback)
            }
            Insn::Call(_) if is_followed && name == Some("bpf_rbtree_add_impl") => {
                Some(Repeats::Callback)
            }
            Insn::Call(_) if flags.is_some_and(|row| row.flags.has(KfuncFlags::ITER_NEXT)) => {
                Some(Repeats::Iterator)
            }
            _ => None,
        };
        op.is_force_checkpoint = op.repeats.is_some();
        op.is_prune_point |= op.repeats.is_some();
        op.is_jump_point |= op.repeats == Some(Repeats::Callback);
    }
}

/// Passes [`super::FuncInfo::changes_packet`] and the like from callees to callers until nothing changes.
fn mark_effects(program: &mut Program<'_>) {
    let mut changed = true;
    while changed {
        changed = false;
        for idx in 0..program.code.len() {
            let op = &program.code[idx];
            let (changes, sleeps) = match (op.insn, op.operand) {
                (Insn::Call(Callee::Helper(id)), _) => helper_by_id(id)
                    .map_or((false, false), |helper| {
                        (helper.effects.changes_packet, helper.effects.might_sleep)
                    }),
                (Insn::Call(_), Operand::Func(func)) => {
                    let callee = &program.funcs[func as usize];
                    (callee.changes_packet, callee.may_sleep)
                }
                (Insn::Call(_), _) => {
                    let row = program.kfunc_name(idx as u32).and_then(bpfc_kabi::kfunc);
                    (false, row.is_some_and(|row| row.flags.has(KfuncFlags::SLEEPABLE)))
                }
                _ => (false, false),
            };
            let func = &mut program.funcs[op.func as usize];
            changed |= changes && !func.changes_packet || sleeps && !func.may_sleep;
            func.changes_packet |= changes;
            func.may_sleep |= sleeps;
        }
    }
}

/// Backward until nothing changes.
fn mark_live(code: &mut [Op], n_params: &[usize], start: u32, end: u32) {
    let mut changed = true;
    while changed {
        changed = false;
        for insn_idx in (start..end).rev() {
            let op = &code[insn_idx as usize];
            let mut out = RegSet::EMPTY;
            if !op.insn.is_terminator() && insn_idx + 1 < end {
                out = code[insn_idx as usize + 1].live;
            }
            if let Some(target) = op.target {
                out = out.union(code[target as usize].live);
            }
            let live = out.difference(op.insn.defs()).union(uses(op, n_params));
            if live != op.live {
                code[insn_idx as usize].live = live;
                changed = true;
            }
        }
    }
}

/// The registers that an instruction reads. Of a function of the kernel only its parameters count.
fn uses(op: &Op, n_params: &[usize]) -> RegSet {
    let n_args = match (op.insn, op.operand) {
        (Insn::Call(Callee::Helper(id)), _) => {
            helper_by_id(id).map_or(5, |helper| helper.proto.args.len())
        }
        (Insn::Call(_), Operand::Kfunc(func)) => n_params.get(func as usize).copied().unwrap_or(5),
        (insn, _) => return insn.uses(),
    };
    Reg::ARGS.into_iter().take(n_args).collect()
}
