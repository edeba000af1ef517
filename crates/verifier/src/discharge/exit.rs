//! What may be returned: `check_return_code` (Linux 6.12 `kernel/bpf/verifier.c`).

use crate::fault::FaultKind;
use crate::program::Program;
use crate::state::{Kind, State};
use bpfc_isa::Reg;
use bpfc_kabi::{ExitRule, ProgType, exit_rule};

/// Whether `r0` may be returned by the running function.
pub fn check(program: &Program<'_>, state: &State) -> Result<(), FaultKind> {
    let value = state.reg(Reg::R0);
    if state.depth() > 0 {
        return match value.kind {
            Kind::Stack { .. } => Err(FaultKind::StackReturned),
            _ => Ok(()),
        };
    }
    let func = state.top().func;
    if func != 0 {
        // A global function, verified by itself.
        let is_void = program.funcs[func as usize].is_void;
        return match value.kind {
            Kind::Uninit if !is_void => Err(FaultKind::Uninit),
            _ => Ok(()),
        };
    }
    // Of these the hook's prototype decides, and it may return nothing.
    if matches!(program.prog_type, None | Some(ProgType::Lsm | ProgType::StructOps | ProgType::Ext))
    {
        return Ok(());
    }
    match value.kind {
        Kind::Uninit => return Err(FaultKind::Uninit),
        Kind::Unknown => return Ok(()),
        _ => {}
    }
    let rule = program.prog_type.map_or(ExitRule::Any, |prog| exit_rule(prog, program.attach_type));
    match rule {
        ExitRule::Range(min, max) => {
            let is_inside =
                value.is_scalar() && value.number.smin >= min && value.number.smax <= max;
            match is_inside {
                true => Ok(()),
                false => Err(FaultKind::Return { min, max }),
            }
        }
        ExitRule::Any | ExitRule::LsmHook | ExitRule::LsmCgroupHook => Ok(()),
    }
}

/// Whether the value of `r0` at the end matters for the verdict.
pub fn is_result_checked(program: &Program<'_>) -> bool {
    let rule = program.prog_type.map(|prog| exit_rule(prog, program.attach_type));
    matches!(rule, Some(ExitRule::Range(..)))
}
