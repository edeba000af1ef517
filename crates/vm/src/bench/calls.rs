//! The calls of test functions.

use super::{TestFailure, run_elsewhere, run_inside};
use crate::errno;
use crate::fault::{FaultKind, Trap};
use crate::helpers::format::{array, format};
use crate::machine::Machine;
use crate::outcome::{ArgValue, Effect, RedirectTarget};
use crate::program::Program;
use bpfc_kabi::bench::{BenchCall, flag};
use bpfc_object::MapId;
use std::sync::Arc;

/// `r1` to `r5`.
type Args = [u64; 5];
type Answer = Result<u64, Trap>;

/// Longest text of a test.
const MAX_TEXT_BYTES: usize = 64 << 10;
/// Most that is read or compared at once.
const MAX_BYTES: u32 = 1 << 20;
/// Arguments that a format takes (`MAX_BPRINTF_VARARGS`).
const MAX_FORMAT_ARGS: u32 = 12;

/// Does what step `idx` of a test asks for.
pub(crate) fn call(
    machine: &mut Machine,
    program: &Arc<Program>,
    idx: u32,
    call: BenchCall,
    args: Args,
) -> Answer {
    if machine.bench.is_none() {
        return Err(Box::new(FaultKind::UnknownHelper { id: call.helper() }));
    }
    let here = Here { program, idx };
    if bench(machine).elsewhere.is_some() && is_of_the_machine(call) {
        let why = "it needs a world that only the virtual machine has".to_owned();
        return Err(bench(machine).give_up(why));
    }
    match call {
        BenchCall::Fail => fail(machine, here, args),
        BenchCall::Case => {
            let text = formatted(machine, args)?;
            bench(machine).case = Some(text).filter(|text| !text.is_empty());
            Ok(0)
        }
        BenchCall::Packet => packet(machine, here, args),
        BenchCall::PacketBytes => {
            let bytes = machine.memory.read(args[0], length(args[1])?)?.to_vec();
            bench(machine).input.packet = Some(bytes);
            bench(machine).last = None;
            Ok(0)
        }
        BenchCall::PacketRead => {
            let bytes = current_packet(machine);
            copy_part(machine, &bytes, args)
        }
        BenchCall::PacketLen => Ok(current_packet(machine).len() as u64),
        BenchCall::PacketIs => packet_is(machine, here, args),
        BenchCall::Context => {
            let bytes = machine.memory.read(args[0], length(args[1])?)?.to_vec();
            bench(machine).input.context = Some(bytes);
            Ok(0)
        }
        BenchCall::ContextRead => {
            let last = bench(machine).last.as_ref();
            let bytes = last.map(|last| last.context.clone()).unwrap_or_default();
            copy_part(machine, &bytes, args)
        }
        BenchCall::Args => {
            let values = array(&machine.memory, args[0], length(args[1])? / 8)?;
            bench(machine).input.args = values.into_iter().map(ArgValue::Number).collect();
            Ok(0)
        }
        BenchCall::Returned => {
            bench(machine).input.return_value = args[0];
            Ok(0)
        }
        BenchCall::Run => run(machine, here, args),
        BenchCall::Event => event(machine, args),
        BenchCall::Printed => printed(machine, args),
        BenchCall::Redirected => Ok(redirected(machine)),
        BenchCall::Time | BenchCall::Task | BenchCall::Cpu => world(machine, call, args),
        BenchCall::Compare => compare(machine, here, args),
        BenchCall::Mock => {
            let helper = helper_of(machine, args[0])?;
            let values = array(&machine.memory, args[1], length(args[2])? / 8)?;
            machine.mocks.set(helper, values);
            Ok(0)
        }
        BenchCall::MockCalls => {
            let helper = helper_of(machine, args[0])?;
            Ok(machine.mocks.n_calls(helper) as u64)
        }
    }
}

/// Whether only the virtual machine can do it: kernels have tasks, clocks, and a trace of their own.
fn is_of_the_machine(call: BenchCall) -> bool {
    use BenchCall::*;
    matches!(call, Args | Returned | Printed | Redirected | Time | Task | Cpu | Mock | MockCalls)
}

/// Where a test is.
#[derive(Clone, Copy)]
struct Here<'a> {
    program: &'a Arc<Program>,
    idx: u32,
}

impl Here<'_> {
    fn failure(self, message: String) -> TestFailure {
        let insn = self.program.linked.insns.get(self.idx as usize);
        TestFailure {
            message,
            notes: Vec::new(),
            case: None,
            fault: None,
            span: insn.map_or(bpfc_base::Span::NONE, |insn| insn.span),
            line: insn.and_then(|insn| insn.line.clone()),
        }
    }
}

fn bench(machine: &mut Machine) -> &mut super::Bench {
    machine.bench.as_mut().expect("`call` looked whether there is one")
}

fn length(arg: u64) -> Result<u32, Trap> {
    let n_bytes = arg as u32;
    match n_bytes <= MAX_BYTES {
        true => Ok(n_bytes),
        false => Err(FaultKind::unsupported(format!("{n_bytes} bytes at once in a test"))),
    }
}

fn text(machine: &Machine, address: u64) -> Result<String, Trap> {
    let (bytes, _) = machine.memory.read_string(address, MAX_TEXT_BYTES as u32)?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn helper_of(machine: &Machine, name: u64) -> Result<u32, Trap> {
    let name = text(machine, name)?;
    let helper = bpfc_kabi::helper(&name);
    helper
        .map(|helper| helper.id)
        .ok_or_else(|| FaultKind::bad_input(format!("`{name}` is no helper of the kernel")))
}

/// The text of `(format, n_bytes, args, n_args_bytes)`.
fn formatted(machine: &Machine, args: Args) -> Result<String, Trap> {
    let template = machine.memory.read(args[0], length(args[1])?)?;
    let n_args = (length(args[3])? / 8).min(MAX_FORMAT_ARGS);
    let values = array(&machine.memory, args[2], n_args)?;
    match format(&machine.memory, template, &values, MAX_TEXT_BYTES) {
        Ok(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
        Err(_) => {
            let template = String::from_utf8_lossy(template);
            let template = template.trim_end_matches('\0');
            Err(FaultKind::bad_input(format!("`{template}` is no format with {n_args} arguments")))
        }
    }
}

fn fail(machine: &mut Machine, here: Here<'_>, args: Args) -> Answer {
    let [what, left, right, flags, _] = args;
    let mut failure = here.failure(format!("assertion failed: {}", text(machine, what)?));
    if flags & flag::TRUTH == 0 {
        failure.notes.push(format!("left: {}", number(left, flags)));
        failure.notes.push(format!("right: {}", number(right, flags)));
    }
    bench(machine).fail(failure);
    Ok(0)
}

fn number(value: u64, flags: u64) -> String {
    match (flags & flag::SIGNED != 0, value) {
        (true, value) if (value as i64) < 0 => format!("{}", value as i64),
        (_, 0..=9) => format!("{value}"),
        _ => format!("{value} ({value:#x})"),
    }
}

fn packet(machine: &mut Machine, here: Here<'_>, args: Args) -> Answer {
    let description = formatted(machine, args)?;
    match bench(machine).packets.build(&description) {
        Ok(bytes) => {
            bench(machine).input.packet = Some(bytes);
            bench(machine).last = None;
            Ok(0)
        }
        Err(problem) => {
            let failure = here.failure(format!("`{description}` is no packet: {problem}"));
            bench(machine).fail(failure);
            Ok(errno::EINVAL as u64)
        }
    }
}

/// The packet as the last run left it, or as it will be given.
fn current_packet(machine: &mut Machine) -> Vec<u8> {
    let bench = bench(machine);
    let after = bench.last.as_ref().and_then(|last| last.packet.as_ref());
    after.or(bench.input.packet.as_ref()).cloned().unwrap_or_default()
}

/// `(offset, to, n_bytes)`.
fn copy_part(machine: &mut Machine, bytes: &[u8], args: Args) -> Answer {
    let (start, n_bytes) = (args[0] as u32 as usize, length(args[2])? as usize);
    match bytes.get(start..start.saturating_add(n_bytes)) {
        Some(part) => machine.memory.write(args[1], part).map(|()| 0),
        None => Ok(errno::EFAULT as u64),
    }
}

fn packet_is(machine: &mut Machine, here: Here<'_>, args: Args) -> Answer {
    let description = formatted(machine, args)?;
    let actual = current_packet(machine);
    let packets = Arc::clone(&bench(machine).packets);
    let mut failure = match packets.build(&description) {
        Err(problem) => here.failure(format!("`{description}` is no packet: {problem}")),
        Ok(expected) => match packets.difference(&expected, &actual) {
            None => return Ok(1),
            Some(difference) => {
                let mut failure = here.failure("the packet is another one".to_owned());
                failure.notes = difference.lines().map(str::to_owned).collect();
                failure
            }
        },
    };
    failure.notes.retain(|note| !note.is_empty());
    bench(machine).fail(failure);
    Ok(0)
}

fn run(machine: &mut Machine, here: Here<'_>, args: Args) -> Answer {
    let name = text(machine, args[0])?;
    let wants_fault = args[1] & flag::FAULT != 0;
    if let Some(elsewhere) = bench(machine).elsewhere.clone() {
        if wants_fault {
            let why = "no fault can be waited for outside of the virtual machine".to_owned();
            return Err(bench(machine).give_up(why));
        }
        return match run_elsewhere(machine, &*elsewhere, &name)? {
            Ok(()) => Ok(returned(machine)),
            Err(problem) => failed(machine, here.failure(format!("`{name}`: {problem}"))),
        };
    }
    let mut programs = machine.programs.programs.values().flatten();
    let program = programs.find(|program| program.linked.name == name).map(Arc::clone);
    let Some(program) = program else {
        return Err(FaultKind::bad_input(format!("`{name}` is no program that can be run")));
    };
    match run_inside(machine, &program)? {
        Ok(()) if !wants_fault => Ok(returned(machine)),
        Ok(()) => failed(machine, here.failure(format!("`{name}` ends without a fault"))),
        Err(_) if wants_fault => Ok(0),
        Err(fault) => {
            let mut failure = here.failure(format!("`{name}` is stopped by a fault"));
            failure.fault = Some(Box::new(fault));
            failed(machine, failure)
        }
    }
}

/// What the last program returned: kernels keep 32 bits.
fn returned(machine: &mut Machine) -> u64 {
    let last = bench(machine).last.as_ref();
    last.map_or(0, |last| i64::from(last.ret as i32) as u64)
}

fn failed(machine: &mut Machine, failure: TestFailure) -> Answer {
    bench(machine).fail(failure);
    Ok(errno::EFAULT as u64)
}

fn event(machine: &mut Machine, args: Args) -> Answer {
    let map = machine.maps.argument(args[0], "EVENT", 1)?;
    let id: Option<MapId> = machine.maps.get(map).id;
    let is_of_map = |effect: &Effect| match effect {
        Effect::Ringbuf { map, .. } | Effect::PerfEvent { map, .. } => Some(*map) == id,
        _ => false,
    };
    let effects = &mut bench(machine).effects;
    let at = effects.iter().position(is_of_map);
    match at.and_then(|at| effects.remove(at)) {
        Some(Effect::Ringbuf { bytes, .. } | Effect::PerfEvent { bytes, .. }) => {
            take(machine, &bytes, args[1], args[2])
        }
        _ => Ok(errno::ENOENT as u64),
    }
}

/// Copies what fits; the whole length.
fn take(machine: &mut Machine, bytes: &[u8], to: u64, n_bytes: u64) -> Answer {
    let n_kept = bytes.len().min(length(n_bytes)? as usize);
    machine.memory.write(to, &bytes[..n_kept])?;
    Ok(bytes.len() as u64)
}

fn printed(machine: &mut Machine, args: Args) -> Answer {
    let effects = &mut bench(machine).effects;
    let at = effects.iter().position(|effect| matches!(effect, Effect::Printk(_)));
    match at.and_then(|at| effects.remove(at)) {
        Some(Effect::Printk(line)) => {
            let mut bytes = line.into_bytes();
            bytes.truncate((length(args[1])? as usize).saturating_sub(1));
            bytes.push(0);
            take(machine, &bytes, args[0], args[1]).map(|n_bytes| n_bytes - 1)
        }
        _ => Ok(errno::ENOENT as u64),
    }
}

fn redirected(machine: &mut Machine) -> u64 {
    let last = bench(machine).last.as_ref();
    let to = last.and_then(|last| {
        last.effects.iter().rev().find_map(|effect| match effect {
            Effect::Redirect { to, .. } => Some(*to),
            _ => None,
        })
    });
    match to {
        Some(
            RedirectTarget::Interface(ifindex)
            | RedirectTarget::Peer(ifindex)
            | RedirectTarget::Neighbour(ifindex),
        ) => u64::from(ifindex),
        Some(RedirectTarget::Map { key, .. }) => key,
        None => errno::ENOENT as u64,
    }
}

fn world(machine: &mut Machine, call: BenchCall, args: Args) -> Answer {
    match call {
        BenchCall::Time => machine.set_time(args[0]),
        BenchCall::Task => {
            let comm = match args[3] {
                0 => None,
                address => Some(text(machine, address)?),
            };
            machine.change_environment(|environment| {
                environment.pid = args[0] as u32;
                environment.tgid = args[1] as u32;
                environment.uid = args[2] as u32;
                environment.comm = comm.clone().unwrap_or_else(|| environment.comm.clone());
            });
        }
        _ if args[0] as u32 >= machine.environment.n_cpus => return Ok(errno::EINVAL as u64),
        _ => machine.change_environment(|environment| environment.cpu = args[0] as u32),
    }
    Ok(0)
}

fn compare(machine: &mut Machine, here: Here<'_>, args: Args) -> Answer {
    let [what, left, right, n_bytes, flags] = args;
    let is_string = flags & flag::STRING != 0;
    let read = |address| match is_string {
        true => machine.memory.read_string(address, MAX_TEXT_BYTES as u32).map(|(text, _)| text),
        false => machine.memory.read(address, length(n_bytes)?),
    };
    let (left, right) = (read(left)?.to_vec(), read(right)?.to_vec());
    if left == right {
        return Ok(1);
    }
    let mut failure = here.failure(format!("assertion failed: {}", text(machine, what)?));
    for (side, bytes) in [("left", &left), ("right", &right)] {
        let shown = match is_string {
            true => format!("\"{}\"", bytes.escape_ascii()),
            false => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
        };
        failure.notes.push(format!("{side}: {shown}"));
    }
    bench(machine).fail(failure);
    Ok(0)
}
