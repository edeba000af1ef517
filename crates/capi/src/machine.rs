//! Virtual machines, and what comes of runs, there and in the kernel.

use crate::error::{bpfc_error, bpfc_status};
use crate::ffi::{
    Outcome, allocated_text, ask, bytes, c_string, free, given, guard_memory, guard_new, store,
    text,
};
use crate::map::bpfc_map;
use bpfc::Machine;
use bpfc::loader::TestOutput;
use bpfc::vm::{Effect, Input};
use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A virtual machine. Its maps keep their content from run to run.
pub struct bpfc_machine {
    machine: Shared,
}

/// A machine that maps may outlive.
pub(crate) type Shared = Arc<Mutex<Machine>>;

/// The machine, also if a run in it panicked: it is whole between two calls.
pub(crate) fn lock(machine: &Shared) -> MutexGuard<'_, Machine> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What became visible outside during a run.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum bpfc_effect_kind {
    /// A message of `bpf_printk`.
    BPFC_EFFECT_PRINTK = 0,
    /// A record of a ring buffer or a sample of a perf event array.
    BPFC_EFFECT_EVENT = 1,
    /// A redirection, a copy of the packet, a tail call or a signal; the data says it in words.
    BPFC_EFFECT_OTHER = 2,
}

/// Something that left a program.
#[repr(C)]
pub struct bpfc_effect {
    /// One of `enum bpfc_effect_kind`.
    pub kind: c_int,
    /// The map of an event, or NULL.
    pub map: *const c_char,
    /// The event or the text. A zero that is not counted follows it.
    pub data: *const c_void,
    /// Bytes of it.
    pub size: usize,
}

/// What came of a run.
#[derive(Default)]
pub struct bpfc_run {
    result: u64,
    duration_ns: u32,
    n_insns: u64,
    packet: Vec<u8>,
    context: Vec<u8>,
    effects: Vec<bpfc_effect>,
    /// What the pointers in `effects` point to.
    data: Vec<Vec<u8>>,
    names: Vec<CString>,
}

impl bpfc_run {
    pub(crate) fn of_kernel(output: TestOutput) -> bpfc_run {
        bpfc_run {
            result: output.retval.into(),
            duration_ns: output.duration_ns,
            packet: output.data,
            context: output.ctx,
            ..bpfc_run::default()
        }
    }

    fn push(&mut self, kind: bpfc_effect_kind, map: Option<&str>, mut data: Vec<u8>) {
        let size = data.len();
        data.push(0);
        let map = map.map_or(ptr::null(), |map| {
            let name = c_string(map);
            let pointer = name.as_ptr();
            self.names.push(name);
            pointer
        });
        let pointer = data.as_ptr().cast();
        self.data.push(data);
        self.effects.push(bpfc_effect { kind: kind as c_int, map, data: pointer, size });
    }
}

impl bpfc_machine {
    pub(crate) fn new(machine: Machine) -> bpfc_machine {
        bpfc_machine { machine: Arc::new(Mutex::new(machine)) }
    }
}

fn run(machine: &Shared, program: &str, input: &Input) -> Outcome<bpfc_run> {
    let mut machine = lock(machine);
    let outcome = machine.run(program, input)?;
    let mut run = bpfc_run {
        result: outcome.ret,
        n_insns: outcome.n_insns,
        packet: outcome.packet.unwrap_or_default(),
        context: outcome.context,
        ..bpfc_run::default()
    };
    for effect in outcome.effects {
        use bpfc_effect_kind::{BPFC_EFFECT_EVENT, BPFC_EFFECT_OTHER, BPFC_EFFECT_PRINTK};
        match effect {
            Effect::Printk(text) => run.push(BPFC_EFFECT_PRINTK, None, text.into_bytes()),
            Effect::Ringbuf { map, bytes } | Effect::PerfEvent { map, bytes, .. } => {
                let name = &machine.object().maps[map].name;
                run.push(BPFC_EFFECT_EVENT, Some(name), bytes);
            }
            other => run.push(BPFC_EFFECT_OTHER, None, format!("{other:?}").into_bytes()),
        }
    }
    Ok(run)
}

/// Runs a program on a packet, from its Ethernet header on, and a context as the program sees it; either may be NULL with a size of 0,
/// then it is an empty frame and zeros. What came of it is given back with `bpfc_run_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_machine_run(
    machine: Option<&mut bpfc_machine>,
    program: *const c_char,
    packet: *const c_void,
    packet_size: usize,
    context: *const c_void,
    context_size: usize,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_run {
    guard_new(error, || {
        let (packet, context) = (bytes!(packet, packet_size)?, bytes!(context, context_size)?);
        let given = |bytes: &[u8]| (!bytes.is_empty()).then(|| bytes.to_vec());
        let (packet, context) = (given(packet), given(context));
        let input = Input { packet, context, ..Input::default() };
        run(&given!(machine)?.machine, text!(program)?, &input)
    })
}

/// A map of the machine by its name. It is given back with `bpfc_map_free`, and keeps the machine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_machine_map(
    machine: Option<&bpfc_machine>,
    name: *const c_char,
    error: *mut *mut bpfc_error,
) -> *mut bpfc_map {
    guard_new(error, || bpfc_map::of_machine(&given!(machine)?.machine, text!(name)?))
}

/// The value of a global variable now, or of a part of it, as JSON, which is given back with `bpfc_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_machine_variable(
    machine: Option<&bpfc_machine>,
    place: *const c_char,
    error: *mut *mut bpfc_error,
) -> *mut c_char {
    guard_memory(error, || {
        let value = lock(&given!(machine)?.machine).variable(text!(place)?)?;
        allocated_text(&value.to_json().to_string())
    })
}

/// Gives a machine back. Maps of it stay until they are given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_machine_free(machine: *mut bpfc_machine) {
    free(machine);
}

/// What the program returned.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_run_result(run: Option<&bpfc_run>) -> u64 {
    ask(run, 0, |run| run.result)
}

/// Mean time of a run in the kernel; 0 in the virtual machine.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_run_duration_ns(run: Option<&bpfc_run>) -> u32 {
    ask(run, 0, |run| run.duration_ns)
}

/// Instructions that the virtual machine executed; 0 in the kernel.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_run_n_insns(run: Option<&bpfc_run>) -> u64 {
    ask(run, 0, |run| run.n_insns)
}

unsafe fn part(bytes: &[u8], size: *mut usize) -> *const c_void {
    store(size, bytes.len());
    bytes.as_ptr().cast()
}

/// The packet afterwards, which belongs to the run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_run_packet(
    run: Option<&bpfc_run>,
    size: *mut usize,
) -> *const c_void {
    store(size, 0);
    ask(run, ptr::null(), |run| part(&run.packet, size))
}

/// The context afterwards, which belongs to the run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_run_context(
    run: Option<&bpfc_run>,
    size: *mut usize,
) -> *const c_void {
    store(size, 0);
    ask(run, ptr::null(), |run| part(&run.context, size))
}

/// The number of effects; in the kernel, they are where they belong, and there are none here.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_run_n_effects(run: Option<&bpfc_run>) -> usize {
    ask(run, 0, |run| run.effects.len())
}

/// An effect by its number, from 0, or NULL if there are not so many.
#[unsafe(no_mangle)]
pub extern "C" fn bpfc_run_effect(run: Option<&bpfc_run>, idx: usize) -> *const bpfc_effect {
    let effect = |run: &bpfc_run| run.effects.get(idx).map(ptr::from_ref);
    ask(run, ptr::null(), |run| effect(run).unwrap_or(ptr::null()))
}

/// Gives back what came of a run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bpfc_run_free(run: *mut bpfc_run) {
    free(run);
}

/// What a machine refuses, by the kernel's number for it.
pub(crate) fn refused(map: &str, errno: i64) -> bpfc_error {
    let name = bpfc::vm::errno_name(errno).map_or(errno.to_string(), |name| name.to_string());
    let new = bpfc_error::new(bpfc_status::BPFC_ERROR_USE, &format!("map `{map}` refuses: {name}"));
    new.with_errno(i32::try_from(-errno).unwrap_or(0))
}
