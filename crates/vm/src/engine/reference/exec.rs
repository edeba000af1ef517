//! The loop of the reference interpreter.

use super::Callee;
use super::code::{Code, IMM, Op};
use crate::bench;
use crate::engine::POISON;
use crate::fault::{FaultKind, Trap};
use crate::helpers;
use crate::machine::Machine;
use crate::memory::address;
use crate::program::{Program, Step};
use bpfc_isa::{AtomicOp, Size, Width};
use bpfc_kabi::bench::BenchCall;
use std::sync::Arc;

/// A caller that waits for its callee.
struct Frame {
    program: Arc<Program>,
    return_idx: u32,
    saved: [u64; 4],
}

/// How a run of operations without calls ended.
enum Stop {
    CallLocal(u32),
    CallHelper(u32),
    Exit,
    Trap(Trap),
}

/// Executes `program` from step `start` until the function there returns; its `r0`. `regs` has room
/// for 16 registers so that no index needs a check; only the first 11 have a meaning.
pub(super) fn execute(
    machine: &mut Machine,
    program: &Arc<Program>,
    start: u32,
    mut regs: [u64; 16],
) -> Result<u64, Trap> {
    let mut callers: Vec<Frame> = Vec::new();
    let mut program = Arc::clone(program);
    let mut idx = start;
    regs[10] = machine.enter_frame()?;
    loop {
        let stop = straight(machine, &program, &mut idx, &mut regs);
        let result = match stop {
            Stop::CallLocal(target) => machine.enter_frame().map(|frame_pointer| {
                callers.push(Frame {
                    program: Arc::clone(&program),
                    return_idx: idx,
                    saved: [regs[6], regs[7], regs[8], regs[9]],
                });
                regs[0] = i64::from(POISON) as u64;
                regs[10] = frame_pointer;
                idx = target;
            }),
            Stop::CallHelper(helpers::TAIL_CALL) => {
                let target = machine.tail_call(regs[2], regs[3]);
                clobber(&mut regs);
                target.and_then(|target| {
                    let Some(target) = target else {
                        return Ok(());
                    };
                    regs.fill(i64::from(POISON) as u64);
                    regs[1] = machine.run.ctx;
                    regs[10] = machine.replace_frame()?;
                    program = target;
                    idx = 0;
                    Ok(())
                })
            }
            Stop::CallHelper(id) => {
                let args = [regs[1], regs[2], regs[3], regs[4], regs[5]];
                let mut callee = Callee { program: &program };
                let result = match BenchCall::from_helper(id) {
                    Some(call) => bench::call(machine, &program, idx - 1, call, args),
                    None => helpers::call(machine, id, args, &mut callee),
                };
                clobber(&mut regs);
                result.map(|value| regs[0] = value)
            }
            Stop::Exit => {
                machine.leave_frame();
                let Some(caller) = callers.pop() else {
                    return Ok(regs[0]);
                };
                let value = regs[0];
                clobber(&mut regs);
                regs[0] = value;
                regs[6..10].copy_from_slice(&caller.saved);
                regs[10] = machine.frame_pointer();
                program = caller.program;
                idx = caller.return_idx;
                Ok(())
            }
            Stop::Trap(trap) => Err(trap),
        };
        if let Err(trap) = result {
            machine.locate_fault(&program, idx.saturating_sub(1));
            return Err(trap);
        }
    }
}

/// Makes the registers that a call does not preserve unusable.
fn clobber(regs: &mut [u64; 16]) {
    regs[..6].fill(i64::from(POISON) as u64);
}

/// Executes operations from `idx` until a call, an exit or a fault; `idx` is then one past it.
#[allow(clippy::too_many_lines)] // A flat match.
fn straight(
    machine: &mut Machine,
    program: &Arc<Program>,
    idx: &mut u32,
    regs: &mut [u64; 16],
) -> Stop {
    let ops = program.reference.ops(program);
    let mut fuel = machine.run.fuel;
    let mut counts = machine.counter.as_mut().map(|counter| counter.take(program));
    let is_watched = machine.trace.limit > 0 || counts.is_some();
    let mut pc = *idx as usize;
    let stop = loop {
        let Some(op) = ops.get(pc) else {
            pc += 1;
            break Stop::Trap(FaultKind::bad_instruction("control leaves the program"));
        };
        pc += 1;
        if fuel == 0 {
            break Stop::Trap(machine.out_of_fuel());
        }
        fuel -= 1;
        if is_watched {
            machine.note(pc as u32 - 1, regs, counts.as_mut());
        }
        let dst = usize::from(op.dst & 15);
        let a = regs[dst];
        let b = if op.src == IMM { op.imm } else { regs[usize::from(op.src & 15)] };
        let (a32, b32) = (a as u32, b as u32);
        macro_rules! wide {
            ($value:expr) => {
                regs[dst] = $value
            };
        }
        macro_rules! narrow {
            ($value:expr) => {
                regs[dst] = u64::from($value as u32)
            };
        }
        macro_rules! branch {
            ($condition:expr) => {
                if $condition {
                    pc = op.off as usize;
                }
            };
        }
        macro_rules! load {
            ($size:ident, $value:ident => $extended:expr) => {
                match machine.memory.load(b.wrapping_add(op.off as i64 as u64), Size::$size) {
                    Ok($value) => regs[dst] = $extended,
                    Err(trap) => break Stop::Trap(trap),
                }
            };
        }
        macro_rules! store {
            ($size:ident) => {{
                let address = a.wrapping_add(op.off as i64 as u64);
                if let Err(trap) = machine.memory.store(address, Size::$size, b) {
                    break Stop::Trap(trap);
                }
            }};
        }
        match op.code {
            Code::Add64 => wide!(a.wrapping_add(b)),
            Code::Sub64 => wide!(a.wrapping_sub(b)),
            Code::Mul64 => wide!(a.wrapping_mul(b)),
            Code::Div64 => wide!(a.checked_div(b).unwrap_or(0)),
            Code::SDiv64 => wide!(signed_div(a as i64, b as i64) as u64),
            Code::Mod64 => wide!(a.checked_rem(b).unwrap_or(a)),
            Code::SMod64 => wide!(signed_mod(a as i64, b as i64) as u64),
            Code::Or64 => wide!(a | b),
            Code::And64 => wide!(a & b),
            Code::Xor64 => wide!(a ^ b),
            Code::Lsh64 => wide!(a.wrapping_shl(b32)),
            Code::Rsh64 => wide!(a.wrapping_shr(b32)),
            Code::Arsh64 => wide!((a as i64).wrapping_shr(b32) as u64),
            Code::Mov64 => wide!(b),
            Code::Add32 => narrow!(a32.wrapping_add(b32)),
            Code::Sub32 => narrow!(a32.wrapping_sub(b32)),
            Code::Mul32 => narrow!(a32.wrapping_mul(b32)),
            Code::Div32 => narrow!(a32.checked_div(b32).unwrap_or(0)),
            Code::SDiv32 => narrow!(signed_div(i64::from(a32 as i32), i64::from(b32 as i32))),
            Code::Mod32 => narrow!(a32.checked_rem(b32).unwrap_or(a32)),
            Code::SMod32 => narrow!(signed_mod(i64::from(a32 as i32), i64::from(b32 as i32))),
            Code::Or32 => narrow!(a32 | b32),
            Code::And32 => narrow!(a32 & b32),
            Code::Xor32 => narrow!(a32 ^ b32),
            Code::Lsh32 => narrow!(a32.wrapping_shl(b32)),
            Code::Rsh32 => narrow!(a32.wrapping_shr(b32)),
            Code::Arsh32 => narrow!((a32 as i32).wrapping_shr(b32)),
            Code::Mov32 => narrow!(b32),
            Code::Neg64 => wide!(a.wrapping_neg()),
            Code::Neg32 => narrow!(a32.wrapping_neg()),
            Code::SignExtend32From8 => narrow!(i32::from(b as i8)),
            Code::SignExtend32From16 => narrow!(i32::from(b as i16)),
            Code::SignExtend64From8 => wide!(i64::from(b as i8) as u64),
            Code::SignExtend64From16 => wide!(i64::from(b as i16) as u64),
            Code::SignExtend64From32 => wide!(i64::from(b as i32) as u64),
            Code::Truncate16 => wide!(u64::from(a as u16)),
            Code::Truncate32 => wide!(u64::from(a32)),
            Code::Swap16 => wide!(u64::from((a as u16).swap_bytes())),
            Code::Swap32 => wide!(u64::from(a32.swap_bytes())),
            Code::Swap64 => wide!(a.swap_bytes()),
            Code::Nothing => {}
            Code::LoadU8 => load!(B, value => value),
            Code::LoadU16 => load!(H, value => value),
            Code::LoadU32 => load!(W, value => value),
            Code::LoadU64 => load!(DW, value => value),
            Code::LoadS8 => load!(B, value => i64::from(value as i8) as u64),
            Code::LoadS16 => load!(H, value => i64::from(value as i16) as u64),
            Code::LoadS32 => load!(W, value => i64::from(value as i32) as u64),
            Code::Store8 => store!(B),
            Code::Store16 => store!(H),
            Code::Store32 => store!(W),
            Code::Store64 => store!(DW),
            Code::Atomic32 => {
                if let Some(stop) = atomic(machine, regs, op, Width::W32) {
                    break stop;
                }
            }
            Code::Atomic64 => {
                if let Some(stop) = atomic(machine, regs, op, Width::W64) {
                    break stop;
                }
            }
            Code::LoadPacket => {
                if let Some(stop) = load_packet(machine, regs, op, b) {
                    break stop;
                }
            }
            Code::Jump => pc = op.off as usize,
            Code::MayGoto => branch!(machine.loop_budget_is_spent()),
            Code::Eq64 => branch!(a == b),
            Code::Ne64 => branch!(a != b),
            Code::Set64 => branch!(a & b != 0),
            Code::Gt64 => branch!(a > b),
            Code::Ge64 => branch!(a >= b),
            Code::Lt64 => branch!(a < b),
            Code::Le64 => branch!(a <= b),
            Code::SGt64 => branch!(a as i64 > b as i64),
            Code::SGe64 => branch!(a as i64 >= b as i64),
            Code::SLt64 => branch!((a as i64) < b as i64),
            Code::SLe64 => branch!(a as i64 <= b as i64),
            Code::Eq32 => branch!(a32 == b32),
            Code::Ne32 => branch!(a32 != b32),
            Code::Set32 => branch!(a32 & b32 != 0),
            Code::Gt32 => branch!(a32 > b32),
            Code::Ge32 => branch!(a32 >= b32),
            Code::Lt32 => branch!(a32 < b32),
            Code::Le32 => branch!(a32 <= b32),
            Code::SGt32 => branch!(a32 as i32 > b32 as i32),
            Code::SGe32 => branch!(a32 as i32 >= b32 as i32),
            Code::SLt32 => branch!((a32 as i32) < b32 as i32),
            Code::SLe32 => branch!(a32 as i32 <= b32 as i32),
            Code::CallLocal => break Stop::CallLocal(op.off as u32),
            Code::CallHelper => break Stop::CallHelper(op.imm as u32),
            Code::Exit => break Stop::Exit,
            Code::Fail => break Stop::Trap(failure(program, pc - 1)),
        }
    };
    if let (Some(counter), Some(counts)) = (&mut machine.counter, counts) {
        counter.put(counts);
    }
    machine.run.fuel = fuel;
    *idx = pc as u32;
    stop
}

/// The reason that a failing step carries.
fn failure(program: &Program, idx: usize) -> Trap {
    match program.steps.get(idx) {
        Some(Step::Fail(kind)) => Box::new(kind.clone()),
        _ => FaultKind::bad_instruction("control leaves the program"),
    }
}

/// Division by zero gives 0, and the one quotient that does not fit wraps (RFC 9669 §4.1).
fn signed_div(a: i64, b: i64) -> i64 {
    if b == 0 { 0 } else { a.wrapping_div(b) }
}

/// The remainder has the sign of the dividend; by zero it is the dividend (RFC 9669 §4.1).
fn signed_mod(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { a.wrapping_rem(b) }
}

fn atomic(machine: &mut Machine, regs: &mut [u64; 16], op: &Op, width: Width) -> Option<Stop> {
    let address = regs[usize::from(op.dst & 15)].wrapping_add(op.off as i64 as u64);
    let atomic = AtomicOp::ALL[usize::from(op.detail)];
    let src = usize::from(op.src & 15);
    match machine.atomic(atomic, width, address, regs[src], regs[0]) {
        Ok(old) if atomic == AtomicOp::CmpXchg => regs[0] = old,
        Ok(old) if atomic.fetches() => regs[src] = old,
        Ok(_) => {}
        Err(trap) => return Some(Stop::Trap(trap)),
    }
    None
}

/// Outside the packet the function returns 0.
fn load_packet(machine: &mut Machine, regs: &mut [u64; 16], op: &Op, index: u64) -> Option<Stop> {
    let size = Size::ALL[usize::from(op.detail)];
    let index = if op.src == IMM { 0 } else { index as u32 };
    let offset = op.off.wrapping_add(index as i32);
    let value = machine.load_packet(offset, size);
    clobber(regs);
    match value {
        Ok(Some(value)) => {
            regs[0] = value;
            None
        }
        Ok(None) => {
            regs[0] = 0;
            Some(Stop::Exit)
        }
        Err(trap) => Some(Stop::Trap(trap)),
    }
}

const _: () = assert!(address(1, 0) > u32::MAX as u64, "only packets have short addresses");
