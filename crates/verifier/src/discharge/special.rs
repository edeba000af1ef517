//! What single helpers demand beyond the kinds of their arguments: the special cases of `check_helper_call` and
//! `check_func_arg` (Linux 6.18 `kernel/bpf/verifier.c`).

use super::{format, scope};
use crate::fault::{ArgFault, Argument, CallbackFault, Ending, FaultKind, SectionFault};
use crate::obligation::AccessKind;
use crate::program::{Content, FieldKind, Program};
use crate::state::{Kind, LockKind, State, Value};
use bpfc_isa::Reg;
use bpfc_kabi::{AttachType, Callback, Helper, MapType, ProgType};

/// Whether the helper may be called with these arguments, each of which fits by itself. The register to blame comes
/// with the fault.
pub fn check(
    program: &Program<'_>,
    state: &State,
    helper: &'static Helper,
) -> Result<(), (FaultKind, Option<Reg>)> {
    let arg = |idx: usize| *state.reg(Reg::ARGS[idx]);
    let blame = |idx: usize| move |kind| (kind, Some(Reg::ARGS[idx]));
    let argument = |idx| Argument { helper: helper.id, idx };
    match helper.name {
        "bpf_tail_call" => {
            scope::ending(state, Ending::TailCall).map_err(|kind| (kind, None))?;
        }
        "bpf_spin_lock" | "bpf_spin_unlock" => {
            let takes = helper.name == "bpf_spin_lock";
            scope::lock(program, state, &arg(0), LockKind::Spin, takes).map_err(blame(0))?;
        }
        "bpf_timer_init" | "bpf_timer_set_callback" | "bpf_timer_start" | "bpf_timer_cancel" => {
            timer(program, &arg(0)).map_err(blame(0))?;
            if helper.name == "bpf_timer_init" {
                same_map(&arg(0), &arg(1)).map_err(blame(1))?;
            }
        }
        // The helper cannot fail: flags that it does not know cannot be refused when it runs.
        "bpf_get_local_storage" if !is_zero(&arg(1)) => {
            return Err(blame(1)(FaultKind::Argument(argument(1), ArgFault::NotZero)));
        }
        "bpf_dynptr_from_mem" => {
            let is_fine = matches!(arg(0).kind, Kind::MapValue(_) | Kind::Unknown);
            if !is_fine {
                let why = ArgFault::Kind("the value of a map");
                return Err(blame(0)(FaultKind::Argument(argument(0), why)));
            }
        }
        "bpf_snprintf" => snprintf(program, helper, state)?,
        "bpf_get_func_ip" => {
            let attach = program.attach_type;
            let has_trampoline = matches!(
                attach,
                None | Some(
                    AttachType::TraceFentry
                        | AttachType::TraceFexit
                        | AttachType::ModifyReturn
                        | AttachType::TraceFsession
                )
            );
            if program.prog_type == Some(ProgType::Tracing) && !has_trampoline {
                let why = crate::fault::HelperFault::NotHere;
                return Err((FaultKind::Helper(helper.id, why), None));
            }
        }
        _ => {}
    }
    match helper.effects.callback {
        Some(callback) => {
            callback_of(program, state, callback).map_err(|kind| (kind, Some(Reg::R1)))
        }
        None => Ok(()),
    }
}

fn is_zero(value: &Value) -> bool {
    value.is_zero() || value.kind == Kind::Unknown
}

/// `process_timer_func`.
fn timer(program: &Program<'_>, value: &Value) -> Result<(), FaultKind> {
    match value.kind {
        Kind::Unknown => Ok(()),
        _ => scope::field(program, value, FieldKind::Timer).map(|_| ()).map_err(FaultKind::Field),
    }
}

/// The timer is in the map that is named with it.
fn same_map(timer: &Value, map: &Value) -> Result<(), FaultKind> {
    match (timer.kind, map.kind) {
        (Kind::MapValue(a), Kind::Map(b)) if a != b || timer.uid != map.uid => {
            Err(FaultKind::Field(SectionFault::OtherMap))
        }
        _ => Ok(()),
    }
}

/// Whether the helper calls back for this map.
fn callback_of(program: &Program<'_>, state: &State, callback: Callback) -> Result<(), FaultKind> {
    let Kind::Map(map) = state.reg(Reg::R1).kind else {
        return Ok(());
    };
    let walks = matches!(
        program.maps[map].kind,
        None | Some(
            MapType::Array
                | MapType::PercpuArray
                | MapType::Hash
                | MapType::LruHash
                | MapType::PercpuHash
                | MapType::LruPercpuHash
        )
    );
    match callback == Callback::ForEachMapElem && !walks {
        true => Err(FaultKind::Callback(CallbackFault::NoElements)),
        false => Ok(()),
    }
}

/// `check_bpf_snprintf_call`: the number of arguments and the format.
fn snprintf(
    program: &Program<'_>,
    helper: &'static Helper,
    state: &State,
) -> Result<(), (FaultKind, Option<Reg>)> {
    let size = state.reg(Reg::R5);
    let at = |idx: usize, why| {
        let argument = Argument { helper: helper.id, idx };
        Err((FaultKind::Argument(argument, why), Some(Reg::ARGS[idx])))
    };
    let n_bytes = match size.number.as_constant() {
        _ if size.kind == Kind::Unknown => return Ok(()),
        // The kernel takes the bits that are known, whatever the others are.
        _ if size.is_scalar() => size.number.bits.value,
        _ => return Ok(()),
    };
    if n_bytes % 8 != 0 {
        return at(4, ArgFault::Format("the data is not a number of 8-byte words"));
    }
    let format = state.reg(Reg::R3);
    let (Kind::MapValue(map), Some(off)) = (format.kind, format.fixed_offset()) else {
        return Ok(());
    };
    let Content::Frozen(data) = program.maps[map].content else {
        return Ok(());
    };
    let content = program.object.data[data].content();
    let text = usize::try_from(off).ok().and_then(|off| content.get(off..));
    let Some(text) = text.and_then(|text| text.split(|&byte| byte == 0).next()) else {
        return Ok(());
    };
    match format::check(text, (n_bytes / 8) as usize) {
        Ok(()) => Ok(()),
        Err(why) => at(2, ArgFault::Format(why)),
    }
}

/// Whether the address of an argument that must be aligned is a multiple of its size.
pub fn aligned(value: &Value, n_bytes: u32) -> Result<(), FaultKind> {
    let address = value.number.bits + crate::domain::Tnum::constant(i64::from(value.off) as u64);
    match value.is_pointer() && !address.is_aligned(n_bytes.into()) {
        true => Err(FaultKind::Denied(crate::fault::Denied::Misaligned, AccessKind::Write)),
        false => Ok(()),
    }
}
