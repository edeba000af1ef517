//! The virtual machine as its users see it.

mod elements;
mod mocks;

pub(crate) use mocks::Mocks;

use crate::bench::{self, Elsewhere, Packets, TestResult};
use crate::contents;
use crate::context::{self, InputError};
use crate::counts::Counts;
use crate::engine::Engine;
use crate::engine::rbpf::Rbpf;
use crate::engine::reference::Reference;
use crate::environment::Environment;
use crate::fault::{Fault, FaultKind};
use crate::machine::{Machine, Traced};
use crate::maps::{MapEntry, MapError, MapView};
use crate::memory::FRAME_BYTES;
use crate::outcome::{Input, Outcome};
use crate::program::{Program, Symbols};
use bpfc_base::{Diagnostic, codes::load};
use bpfc_object::{DataId, FuncId, Linked, MapId, Object};
use std::sync::{Arc, Mutex};

/// Which engines run programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// The reference interpreter: the whole instruction set, and the faster one here.
    Reference,
    /// rbpf, on a legalised program.
    Rbpf,
    /// Both; they must agree.
    #[default]
    Both,
}

/// How a machine is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which engines run programs.
    pub engine: EngineChoice,
    /// The world around programs.
    pub environment: Environment,
    /// Instructions that a run may execute, tail calls and callbacks included.
    pub fuel: u64,
    /// Bytes that all maps may take.
    pub map_bytes: u64,
    /// Bytes of a stack frame; kernels have 512.
    pub frame_bytes: u32,
    /// Instructions of a run to write down, at most, before each is executed: see [`Vm::trace`]. Only the reference
    /// interpreter does.
    pub n_traced: u32,
    /// Whether to count how often instructions are executed: see [`Vm::counts`]. Only the reference interpreter does.
    pub counts: bool,
}

impl Default for Options {
    /// Both engines, ten million instructions, 1 GiB, the stack of a kernel.
    fn default() -> Options {
        Options {
            engine: EngineChoice::default(),
            environment: Environment::default(),
            fuel: 10_000_000,
            map_bytes: 1 << 30,
            frame_bytes: FRAME_BYTES,
            n_traced: 0,
            counts: false,
        }
    }
}

/// Why a machine cannot be made for an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A map cannot be made.
    #[error(transparent)]
    Map(#[from] MapError),
}

impl SetupError {
    /// The error as a diagnostic.
    pub fn to_diagnostic(&self) -> Diagnostic {
        match self {
            SetupError::Map(error) => error.to_diagnostic(),
        }
    }
}

/// Why a run has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The program did something wrong.
    #[error(transparent)]
    Fault(Box<Fault>),
    /// The input does not fit the program.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The program cannot be linked, or is none.
    #[error("cannot run the program: {0}")]
    NotRunnable(String),
    /// The engines differ: a bug of bpfc.
    #[error(transparent)]
    Differ(Box<Difference>),
}

impl RunError {
    /// The error as a diagnostic.
    pub fn to_diagnostic(&self) -> Diagnostic {
        match self {
            RunError::Fault(fault) => fault.to_diagnostic(),
            RunError::Input(error) => error.to_diagnostic(),
            RunError::NotRunnable(_) => Diagnostic::without_span(load::E0908, self.to_string()),
            RunError::Differ(difference) => difference.to_diagnostic(),
        }
    }
}

/// What one engine made of a run.
type OneResult = Result<Outcome, Fault>;

/// The results of two engines that should be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// That of the reference interpreter.
    pub reference: Result<Outcome, Fault>,
    /// That of rbpf.
    pub rbpf: Result<Outcome, Fault>,
}

/// Two engines that differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engines differ in {what} of `{program}`")]
pub struct Difference {
    /// The program.
    pub program: String,
    /// In what: `the result`, `the packet`, `map hits`, ….
    pub what: String,
    /// Both results.
    pub outcomes: Outcomes,
}

impl Difference {
    /// The difference as a diagnostic.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let show = |result: &OneResult| match result {
            Ok(outcome) => format!("{} ({:?})", outcome.ret, outcome.effects),
            Err(fault) => fault.to_string(),
        };
        let Outcomes { reference, rbpf } = &self.outcomes;
        Diagnostic::without_span(load::E0910, self.to_string())
            .with_note(format!("reference interpreter: {}", show(reference)))
            .with_note(format!("rbpf: {}", show(rbpf)))
            .with_help("this is a bug of bpfc: please report it with the program")
    }
}

/// A machine with the maps of one object. Maps keep their content from run to run.
#[derive(Clone, Debug)]
pub struct Vm {
    machine: Machine,
    /// The machine of the second engine, if both run.
    twin: Option<Box<Machine>>,
    symbols: Symbols,
    options: Options,
}

impl Vm {
    /// Makes the maps of `object`, its data sections among them, and links its programs.
    ///
    /// # Errors
    /// [`SetupError`]. A program that does not link is an error only when it is run.
    pub fn new(object: &Object, options: Options) -> Result<Vm, SetupError> {
        let (machine, symbols) = crate::setup::machine(object, &options)?;
        let twin = (options.engine == EngineChoice::Both).then(|| Box::new(machine.clone()));
        Ok(Vm { machine, twin, symbols, options })
    }

    /// Runs a program of the object.
    ///
    /// # Errors
    /// [`RunError`]. Maps keep what the program did before a fault.
    pub fn run(&mut self, program: FuncId, input: &Input) -> Result<Outcome, RunError> {
        let program = match self.machine.programs.programs.get(&program) {
            Some(Ok(program)) => Arc::clone(program),
            Some(Err(problem)) => return Err(RunError::NotRunnable(problem.clone())),
            None => return Err(RunError::NotRunnable(format!("{program} is no program"))),
        };
        self.run_program(&program, input)
    }

    /// Runs a linked program of the same object.
    ///
    /// # Errors
    /// As [`Vm::run`].
    pub fn run_linked(&mut self, linked: &Linked, input: &Input) -> Result<Outcome, RunError> {
        let program = Arc::new(Program::new(linked.clone(), &self.symbols));
        self.run_program(&program, input)
    }

    fn run_program(&mut self, program: &Arc<Program>, input: &Input) -> Result<Outcome, RunError> {
        let fuel = self.options.fuel;
        let engine: &dyn Engine = match self.options.engine {
            EngineChoice::Rbpf => &Rbpf,
            EngineChoice::Reference | EngineChoice::Both => &Reference,
        };
        let result = run_on(engine, &mut self.machine, program, input, fuel)?;
        let result = match &mut self.twin {
            Some(twin) => {
                let rbpf = run_on(&Rbpf, twin, program, input, fuel)?;
                compare(&mut self.machine, twin, program, result, rbpf)?
            }
            None => result,
        };
        result.map_err(|fault| RunError::Fault(Box::new(fault)))
    }

    /// Runs functions of the object as a test (`bpfc/test.h`), one after the other: what failed. The programs that they
    /// run do so `elsewhere` if that is given.
    ///
    /// # Errors
    /// [`RunError::NotRunnable`] if one cannot be linked.
    pub fn run_test(
        &mut self,
        functions: &[FuncId],
        packets: Arc<dyn Packets>,
        elsewhere: Option<Arc<Mutex<dyn Elsewhere>>>,
    ) -> Result<TestResult, RunError> {
        bench::run(&mut self.machine, functions, packets, elsewhere, self.options.fuel)
    }

    /// The instructions of the last run, as far as they were to be traced.
    pub fn trace(&self) -> &[Traced] {
        &self.machine.trace.steps
    }

    /// How often each instruction was executed in all runs so far, if that is counted.
    pub fn counts(&self) -> Counts {
        self.machine.counter.as_ref().map(|counter| counter.counts()).unwrap_or_default()
    }

    /// The content of a map.
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    pub fn map(&self, map: MapId) -> MapView {
        contents::map(&self.machine, map)
    }

    /// The element of `map` with this key.
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    pub fn map_lookup(&self, map: MapId, key: &[u8]) -> Option<MapEntry> {
        contents::map_lookup(&self.machine, map, key)
    }

    /// Sets an element as the system call does; of a per-CPU map one value for all CPUs, or all
    /// values in a row, each rounded up to 8 bytes.
    ///
    /// # Errors
    /// The negative error number of the kernel, such as -7 for `E2BIG`; [`errno_name`] names it.
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    ///
    /// [`errno_name`]: crate::errno_name
    pub fn map_update(
        &mut self,
        map: MapId,
        key: &[u8],
        value: &[u8],
        flags: u64,
    ) -> Result<(), i64> {
        self.each(|machine| contents::map_update(machine, map, key, value, flags))
    }

    /// Removes an element.
    ///
    /// # Errors
    /// As [`Vm::map_update`].
    ///
    /// # Panics
    /// If `map` is not a map of the object.
    pub fn map_delete(&mut self, map: MapId, key: &[u8]) -> Result<(), i64> {
        self.each(|machine| contents::map_delete(machine, map, key))
    }

    /// The content of a data section.
    ///
    /// # Panics
    /// If `section` is not a data section of the object.
    pub fn data(&self, section: DataId) -> Vec<u8> {
        contents::data(&self.machine, section)
    }

    /// Changes bytes of a data section, those of constants too.
    ///
    /// # Errors
    /// As [`Vm::map_update`]; -22 (`EINVAL`) if they are outside of the section.
    ///
    /// # Panics
    /// If `section` is not a data section of the object.
    pub fn set_data(
        &mut self,
        section: DataId,
        offset_bytes: usize,
        bytes: &[u8],
    ) -> Result<(), i64> {
        self.each(|machine| contents::set_data(machine, section, offset_bytes, bytes))
    }

    /// The world around the programs.
    pub fn environment(&self) -> &Environment {
        &self.machine.environment
    }

    /// Changes the world around the programs for the runs that follow. How many CPUs there are stays as it is; the time is
    /// set if it is given another one.
    pub fn change_environment(&mut self, change: impl Fn(&mut Environment)) {
        self.each(|machine| machine.change_environment(&change));
    }

    /// Does the same to the machines of all engines.
    fn each<T>(&mut self, mut change: impl FnMut(&mut Machine) -> T) -> T {
        let result = change(&mut self.machine);
        if let Some(twin) = &mut self.twin {
            change(twin);
        }
        result
    }
}

/// One run on one machine.
fn run_on(
    engine: &dyn Engine,
    machine: &mut Machine,
    program: &Arc<Program>,
    input: &Input,
    fuel: u64,
) -> Result<OneResult, InputError> {
    machine.reset();
    machine.run.prog_type = program.prog_type();
    machine.run.fuel = fuel;
    machine.run.fuel_limit = fuel;
    context::prepare(machine, input)?;
    let ctx = machine.run.ctx;
    let result = engine.run(machine, program, ctx);
    machine.maps.ringbufs_consume();
    Ok(match result {
        Ok(ret) => {
            let (packet, metadata) = context::packet_after(machine, input.start);
            Ok(Outcome {
                ret,
                packet,
                metadata,
                context: context::bytes_after(machine),
                effects: std::mem::take(&mut machine.run.effects),
                n_insns: fuel - machine.run.fuel,
                engines: vec![engine.name()],
                unsupported: None,
            })
        }
        Err(trap) => Err(locate(machine, program, *trap)),
    })
}

/// The common result of both engines, or how they differ. A program that rbpf cannot run leaves
/// the result to the reference interpreter.
fn compare(
    machine: &mut Machine,
    twin: &mut Machine,
    program: &Program,
    reference: OneResult,
    rbpf: OneResult,
) -> Result<OneResult, RunError> {
    if let Err(Fault { kind: kind @ FaultKind::NotExpressible { .. }, .. }) = &rbpf {
        let unsupported = Some(kind.to_string());
        twin.clone_from(machine);
        return Ok(reference.map(|outcome| Outcome { unsupported, ..outcome }));
    }
    let what = difference(&reference, &rbpf).or_else(|| {
        let map = machine.maps.difference(&mut machine.memory, &mut twin.maps, &mut twin.memory);
        map.map(|name| format!("map `{name}`"))
    });
    let mut reference = reference;
    match what {
        Some(what) => Err(RunError::Differ(Box::new(Difference {
            program: program.linked.name.clone(),
            what,
            outcomes: Outcomes { reference, rbpf },
        }))),
        None => {
            if let Ok(outcome) = &mut reference {
                outcome.engines.push(Rbpf.name());
            }
            Ok(reference)
        }
    }
}

/// In what two results differ, maps aside.
fn difference(reference: &OneResult, rbpf: &OneResult) -> Option<String> {
    let what = match (reference, rbpf) {
        (Ok(a), Ok(b)) if a.ret != b.ret => "the result",
        (Ok(a), Ok(b)) if a.packet != b.packet || a.metadata != b.metadata => "the packet",
        (Ok(a), Ok(b)) if a.context != b.context => "the context",
        (Ok(a), Ok(b)) if a.effects != b.effects => "the effects",
        (Ok(a), Ok(b)) if a.n_insns != b.n_insns => "the number of instructions",
        (Err(a), Err(b)) if a != b => "the fault",
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => "whether there is a fault",
        (Ok(_), Ok(_)) | (Err(_), Err(_)) => return None,
    };
    Some(what.to_owned())
}

/// The fault with its place.
pub(crate) fn locate(machine: &Machine, program: &Arc<Program>, kind: FaultKind) -> Fault {
    let (program, idx) = match &machine.run.location {
        Some((program, idx)) => (program, *idx),
        None => (program, 0),
    };
    let linked = &program.linked;
    let insn = linked.insns.get(idx as usize);
    Fault::new(kind, &linked.name, linked.func, idx, insn)
}
