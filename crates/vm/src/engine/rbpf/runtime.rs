//! What legalised programs call: the machine, behind plain functions.
//!
//! A fault cannot leave rbpf at once. The runtime notes it and then does nothing more; blocks ask
//! before they run, so that the program soon ends. Until then rbpf computes on zeros, which nobody
//! sees. Fuel is taken per block. A block that fuel does not last for runs up to the instruction where
//! the reference interpreter stops: every instruction that anyone can notice says its number.

use super::legalise::Image;
use super::{Callee, broken, run_program};
use crate::fault::{FaultKind, Trap};
use crate::helpers;
use crate::machine::Machine;
use crate::program::{Program, Step};
use rbpf::EbpfVmNoData;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Numbers of the runtime's functions.
pub(super) mod call {
    pub const ARGUMENT: u32 = 1;
    pub const FRAME_POINTER: u32 = 2;
    pub const BLOCK: u32 = 3;
    pub const LOAD: u32 = 4;
    pub const STORE: u32 = 5;
    pub const ATOMIC: u32 = 6;
    pub const LOAD_PACKET: u32 = 7;
    pub const SIGNED_DIVISION: u32 = 8;
    pub const MAY_GOTO: u32 = 9;
    pub const ENTER: u32 = 10;
    pub const LEAVE: u32 = 11;
    pub const SITE: u32 = 12;
    pub const HELPER: u32 = 13;
    pub const TAIL_CALL: u32 = 14;
    pub const RESULT: u32 = 15;
    pub const FAIL: u32 = 16;
}

/// A function that rbpf can call.
type Function = fn(u64, u64, u64, u64, u64) -> u64;

/// The runtime.
pub(super) const FUNCTIONS: &[(u32, Function)] = &[
    (call::ARGUMENT, |idx, _, _, _, _| with(|state| Ok(state.args[idx as usize % 5]))),
    (call::FRAME_POINTER, |_, _, _, _, _| with(|state| Ok(state.machine.frame_pointer()))),
    (call::BLOCK, |number, _, _, _, _| block(number)),
    (call::LOAD, |idx, base, _, _, _| with_step(idx, |state, step| load(state, step, base))),
    (call::STORE, |idx, base, src, _, _| {
        with_step(idx, |state, step| store(state, step, base, src))
    }),
    (call::ATOMIC, |idx, base, src, r0, _| {
        with_step(idx, |state, step| atomic(state, step, base, src, r0))
    }),
    (call::LOAD_PACKET, |idx, index, _, _, _| {
        with_step(idx, |state, step| load_packet(state, step, index))
    }),
    (call::SIGNED_DIVISION, |a, b, kind, _, _| signed_division(a, b, kind)),
    (call::MAY_GOTO, |idx, _, _, _, _| {
        with_step(idx, |state, _| Ok(u64::from(state.machine.loop_budget_is_spent())))
    }),
    (call::ENTER, |idx, _, _, _, _| with_step(idx, |state, _| state.machine.enter_frame())),
    (call::LEAVE, |idx, _, _, _, _| with_step(idx, |state, _| leave(state))),
    (call::SITE, |idx, _, _, _, _| {
        with_step(idx, |state, _| {
            state.site = idx as u32;
            Ok(0)
        })
    }),
    (call::HELPER, |a, b, c, d, e| with(|state| helper(state, [a, b, c, d, e]))),
    (call::TAIL_CALL, |_, map, index, _, _| with(|state| tail_call(state, map, index))),
    (call::RESULT, |_, _, _, _, _| with(|state| Ok(state.result))),
    (call::FAIL, |idx, _, _, _, _| with_step(idx, |_, step| Err(failure(step)))),
];

/// What a run of rbpf needs.
struct State {
    machine: Machine,
    program: Arc<Program>,
    /// The steps of each block.
    blocks: Arc<[Range<u32>]>,
    /// Registers of the first function.
    args: [u64; 5],
    /// The fault, and the instruction if it is known.
    fault: Option<(Trap, u32)>,
    /// The first instruction that there is no fuel for.
    cutoff: Option<u32>,
    /// The instruction that calls a helper.
    site: u32,
    /// Result of a tail call.
    result: u64,
}

thread_local! {
    /// The run in progress; nothing while a runtime function has it.
    static STATE: Cell<Option<Box<State>>> = const { Cell::new(None) };
}

/// Runs `image` on `machine`, opening a frame for its function.
pub(super) fn execute(
    machine: &mut Machine,
    program: &Arc<Program>,
    image: &Image,
    vm: &EbpfVmNoData<'_>,
    args: [u64; 5],
) -> Result<u64, Trap> {
    machine.enter_frame()?;
    STATE.set(Some(Box::new(State {
        machine: std::mem::take(machine),
        program: Arc::clone(program),
        blocks: Arc::clone(&image.blocks),
        args,
        fault: None,
        cutoff: None,
        site: 0,
        result: 0,
    })));
    let result = vm.execute_program();
    let Some(state) = STATE.take() else {
        unreachable!("runtime functions put the state back");
    };
    let State { machine: finished, mut fault, cutoff, .. } = *state;
    *machine = finished;
    if let (None, Some(idx)) = (&fault, cutoff) {
        fault = Some((machine.out_of_fuel(), idx));
    }
    if let Some((trap, idx)) = fault {
        machine.locate_fault(program, idx);
        return Err(trap);
    }
    result.map_err(broken)
}

/// Does something on the run in progress unless it has failed.
fn with(action: impl FnOnce(&mut State) -> Result<u64, Trap>) -> u64 {
    let Some(mut state) = STATE.take() else {
        return 0;
    };
    let mut value = 0;
    if state.fault.is_none() {
        match action(&mut state) {
            Ok(result) => value = result,
            Err(trap) => state.fault = Some((trap, state.site)),
        }
    }
    STATE.set(Some(state));
    value
}

/// The same for the instruction with this number, unless there is no fuel for it.
fn with_step(idx: u64, action: impl FnOnce(&mut State, &Step) -> Result<u64, Trap>) -> u64 {
    with(|state| {
        let idx = idx as u32;
        state.site = idx;
        if let Some(cutoff) = state.cutoff.filter(|&cutoff| idx >= cutoff) {
            state.site = cutoff;
            return Err(state.machine.out_of_fuel());
        }
        let program = Arc::clone(&state.program);
        match program.steps.get(idx as usize) {
            Some(step) => action(state, step),
            None => Err(FaultKind::bad_instruction("control leaves the program")),
        }
    })
}

/// Whether the program has to stop instead of running a block.
fn block(number: u64) -> u64 {
    let Some(mut state) = STATE.take() else {
        return 1;
    };
    if let (None, Some(cutoff)) = (&state.fault, state.cutoff) {
        state.fault = Some((state.machine.out_of_fuel(), cutoff));
    }
    let must_stop = state.fault.is_some();
    if !must_stop {
        let steps = &state.blocks[number as usize];
        let n_steps = u64::from(steps.end - steps.start);
        let fuel = state.machine.run.fuel;
        if fuel < n_steps {
            state.cutoff = Some(steps.start + fuel as u32);
        }
        state.machine.run.fuel = fuel.saturating_sub(n_steps);
    }
    STATE.set(Some(state));
    u64::from(must_stop)
}

/// The instruction that the legaliser meant.
fn mismatch() -> Trap {
    broken("a runtime call for another instruction")
}

fn load(state: &mut State, step: &Step, base: u64) -> Result<u64, Trap> {
    let &Step::Load { ty, off, .. } = step else {
        return Err(mismatch());
    };
    let address = base.wrapping_add(i64::from(off) as u64);
    state.machine.memory.load(address, ty.size())
}

fn store(state: &mut State, step: &Step, base: u64, src: u64) -> Result<u64, Trap> {
    let &Step::Store { size, off, .. } = step else {
        return Err(mismatch());
    };
    let address = base.wrapping_add(i64::from(off) as u64);
    state.machine.memory.store(address, size, src)?;
    Ok(0)
}

fn atomic(state: &mut State, step: &Step, base: u64, src: u64, r0: u64) -> Result<u64, Trap> {
    let &Step::Atomic { op, width, off, .. } = step else {
        return Err(mismatch());
    };
    let address = base.wrapping_add(i64::from(off) as u64);
    state.machine.atomic(op, width, address, src, r0)
}

fn load_packet(state: &mut State, step: &Step, index: u64) -> Result<u64, Trap> {
    let &Step::LoadPacket { size, off, .. } = step else {
        return Err(mismatch());
    };
    let offset = off.wrapping_add(index as i32);
    let value = state.machine.load_packet(offset, size)?;
    Ok(value.unwrap_or(u64::MAX))
}

/// RFC 9669 §4.1. Bit 0 of `kind` means 32 bits, bit 1 the remainder.
fn signed_division(a: u64, b: u64, kind: u64) -> u64 {
    let is_narrow = kind & 1 != 0;
    let extend = |value: u64| match is_narrow {
        true => i128::from(value as i32),
        false => i128::from(value as i64),
    };
    let (a, b) = (extend(a), extend(b));
    let result = match (kind & 2 != 0, b) {
        (false, 0) => 0,
        (true, 0) => a,
        (false, b) => a / b,
        (true, b) => a % b,
    };
    match is_narrow {
        true => u64::from(result as u32),
        false => result as u64,
    }
}

fn leave(state: &mut State) -> Result<u64, Trap> {
    state.machine.leave_frame();
    Ok(0)
}

fn helper(state: &mut State, args: [u64; 5]) -> Result<u64, Trap> {
    let program = Arc::clone(&state.program);
    let Some(&Step::CallHelper { id }) = program.steps.get(state.site as usize) else {
        return Err(mismatch());
    };
    let mut callee = Callee { program: &program, known: BTreeMap::new() };
    helpers::call(&mut state.machine, id, args, &mut callee)
}

/// Runs the target of a tail call in place of the current function; whether there was one.
fn tail_call(state: &mut State, map: u64, index: u64) -> Result<u64, Trap> {
    let Some(target) = state.machine.tail_call(map, index)? else {
        return Ok(0);
    };
    state.machine.leave_frame();
    let ctx = state.machine.run.ctx;
    state.result = run_program(&mut state.machine, &target, ctx)?;
    Ok(1)
}

fn failure(step: &Step) -> Trap {
    match step {
        Step::Fail(kind) => Box::new(kind.clone()),
        _ => mismatch(),
    }
}
