//! What may be returned: `check_return_code` (Linux 6.12 `kernel/bpf/verifier.c`).

use crate::fault::{CallbackFault, FaultKind};
use crate::program::Program;
use crate::state::{CallbackFrame, Kind, State, Value};
use bpfc_isa::Reg;
use bpfc_kabi::{ExitRule, ProgType, exit_rule};

/// Whether `r0` may be returned by the running function.
pub fn check(program: &Program<'_>, state: &State) -> Result<(), FaultKind> {
    let value = state.reg(Reg::R0);
    if state.depth() > 0 {
        return match value.kind {
            Kind::Stack { .. } => Err(FaultKind::StackReturned),
            _ => match state.top().callback {
                Some(callback) => called_back(value, &callback),
                None => Ok(()),
            },
        };
    }
    if let Some(callback) = state.top().callback
        && callback.is_async
    {
        return called_back(value, &callback);
    }
    let func = state.top().func;
    let is_handler = state.top().callback.is_some_and(|callback| callback.is_exception);
    if func != 0 && !is_handler {
        // A global function, verified by itself.
        let is_void = program.funcs[func as usize].is_void;
        return match value.kind {
            _ if is_void => Ok(()),
            Kind::Uninit => Err(FaultKind::Uninit),
            Kind::Scalar | Kind::Unknown => Ok(()),
            _ => Err(FaultKind::PointerReturned),
        };
    }
    result(program, value)
}

/// Whether the program may return this.
pub fn result(program: &Program<'_>, value: &Value) -> Result<(), FaultKind> {
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

/// `prepare_func_exit`: whether a function that is called back may return this.
fn called_back(value: &Value, callback: &CallbackFrame) -> Result<(), FaultKind> {
    let (min, max) = (callback.min, callback.max);
    match value.kind {
        Kind::Unknown => Ok(()),
        Kind::Uninit => Err(FaultKind::Uninit),
        Kind::Scalar if min <= value.number.smin && value.number.smax <= max => Ok(()),
        _ => Err(FaultKind::Callback(CallbackFault::Result { min, max })),
    }
}

/// Whether the value of `r0` at the end matters for the verdict.
pub fn is_result_checked(program: &Program<'_>) -> bool {
    let rule = program.prog_type.map(|prog| exit_rule(prog, program.attach_type));
    matches!(rule, Some(ExitRule::Range(..)))
}
