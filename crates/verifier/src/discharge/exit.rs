//! What may be returned: `check_return_code` (Linux 6.12 `kernel/bpf/verifier.c`).

use crate::fault::{CallbackFault, FaultKind};
use crate::program::Program;
use crate::state::{CallbackFrame, Kind, State, Value};
use bpfc_isa::Reg;
use bpfc_kabi::{ExitRule, LSM_BOOL_HOOKS, LSM_MIN_RETURN, ProgType, exit_rule};

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
    let range = result_range(program);
    let by_hook = matches!(
        program.prog_type,
        None | Some(ProgType::Lsm | ProgType::StructOps | ProgType::Ext)
    );
    if by_hook && range.is_none() {
        let hook = program.of_kernel.as_ref().and_then(|kernel| kernel.hook.as_ref());
        let is_number = program.prog_type == Some(ProgType::StructOps)
            && hook.is_some_and(|hook| !hook.is_void);
        if is_number && value.kind == Kind::Uninit {
            return Err(FaultKind::Uninit);
        }
        return Ok(());
    }
    match value.kind {
        Kind::Uninit => return Err(FaultKind::Uninit),
        Kind::Unknown => return Ok(()),
        _ => {}
    }
    let Some(ResultRange { min, max, is_narrow }) = range else { return Ok(()) };
    let number = &value.number;
    let (least, most) = match is_narrow {
        true => (number.smin32.into(), number.smax32.into()),
        false => (number.smin, number.smax),
    };
    match value.is_scalar() && least >= min && most <= max {
        true => Ok(()),
        false => Err(FaultKind::Return { min, max }),
    }
}

/// What a program may return.
struct ResultRange {
    min: i64,
    max: i64,
    /// Only the low half counts.
    is_narrow: bool,
}

/// What the program may return; none if it may be anything, or is not known.
fn result_range(program: &Program<'_>) -> Option<ResultRange> {
    let hook = program.of_kernel.as_ref().and_then(|kernel| kernel.hook.as_ref());
    let wide = |(min, max)| ResultRange { min, max, is_narrow: false };
    match exit_rule(program.prog_type?, program.attach_type) {
        ExitRule::Any => None,
        ExitRule::Range(min, max) => Some(wide((min, max))),
        ExitRule::LsmCgroupHook => Some(wide(if hook?.is_void { (1, 1) } else { (0, 1) })),
        ExitRule::LsmHook if program.is_before(6, 12) || hook?.is_void => None,
        ExitRule::LsmHook => {
            let is_bool = LSM_BOOL_HOOKS.contains(&&*hook?.name);
            let (min, max) = if is_bool { (0, 1) } else { (LSM_MIN_RETURN, 0) };
            Some(ResultRange { min, max, is_narrow: true })
        }
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
    result_range(program).is_some()
}
