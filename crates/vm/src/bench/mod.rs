//! The test bench: what test functions (`bpfc/test.h`) ask the machine for, and how they run programs in the midst of
//! their own run.

mod calls;

use crate::contents::Contents;
use crate::context;
use crate::engine::Engine;
use crate::engine::reference::Reference;
use crate::fault::{Fault, Trap};
use crate::machine::Machine;
use crate::outcome::{Effect, Input, Outcome};
use crate::program::Program;
use crate::vm::{RunError, locate};
use bpfc_base::{Diagnostic, Span, codes::load};
use bpfc_object::{FuncId, Line};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use calls::call;

/// Frames that a test function may use; the programs that it runs have frames of their own behind them.
pub(crate) const TEST_FRAMES: u32 = 7;

/// What knows packets.
pub trait Packets: fmt::Debug + Send + Sync {
    /// The bytes of a packet that `description` describes.
    ///
    /// # Errors
    /// What is wrong with the description.
    fn build(&self, description: &str) -> Result<Vec<u8>, String>;

    /// What differs between two packets, for people; none if they are equal.
    fn difference(&self, expected: &[u8], actual: &[u8]) -> Option<String>;
}

/// What runs programs in place of the machine, such as a kernel.
pub trait Elsewhere: fmt::Debug + Send {
    /// Runs the program of this name on what maps and variables hold, and leaves there what they hold afterwards.
    ///
    /// # Errors
    /// [`Refusal`].
    fn run(
        &mut self,
        program: &str,
        input: &Input,
        contents: &mut Contents<'_>,
    ) -> Result<Outcome, Refusal>;
}

/// Why a program was not run elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be done there at all, so that the test says nothing.
    Unsupported(String),
    /// The test asks for what is wrong.
    Failed(String),
}

/// How a test ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestResult {
    /// What is wrong.
    pub failures: Vec<TestFailure>,
    /// Why the test says nothing, if it was given up: it needs what programs elsewhere do not have.
    pub unsupported: Option<String>,
}

/// The state of the test that runs.
#[derive(Clone, Debug)]
pub(crate) struct Bench {
    packets: Arc<dyn Packets>,
    /// What programs are given.
    input: Input,
    last: Option<Outcome>,
    /// What programs did and the test has not taken yet.
    effects: VecDeque<Effect>,
    case: Option<String>,
    result: TestResult,
    fuel: u64,
    elsewhere: Option<Arc<Mutex<dyn Elsewhere>>>,
}

/// An assertion of a test that does not hold, or what ended the test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFailure {
    /// What is wrong.
    pub message: String,
    /// More lines, such as the values compared.
    pub notes: Vec<String>,
    /// What the test said that it is about.
    pub case: Option<String>,
    /// The fault of a program, if that is what is wrong.
    pub fault: Option<Box<Fault>>,
    /// Where in the test, if known.
    pub span: Span,
    /// Its source line, if known.
    pub line: Option<Arc<Line>>,
}

impl TestFailure {
    /// The failure as diagnostics: of the test, and of the fault in the program.
    pub fn to_diagnostics(&self) -> Vec<Diagnostic> {
        let mut diagnostic = Diagnostic::new(load::E0914, self.span, self.message.clone());
        for note in self.case.iter().map(|case| format!("case: {case}")).chain(self.notes.clone()) {
            diagnostic = diagnostic.with_note(note);
        }
        if let (true, Some(line)) = (self.span.is_none(), &self.line) {
            let note = format!("{}:{}: `{}`", line.file, line.line, line.text.trim());
            diagnostic = diagnostic.with_note(note);
        }
        let fault = self.fault.iter().map(|fault| fault.to_diagnostic());
        std::iter::once(diagnostic).chain(fault).collect()
    }
}

/// Runs functions of the object as one test.
pub(crate) fn run(
    machine: &mut Machine,
    tests: &[FuncId],
    packets: Arc<dyn Packets>,
    elsewhere: Option<Arc<Mutex<dyn Elsewhere>>>,
    fuel: u64,
) -> Result<TestResult, RunError> {
    let bench = Bench {
        packets,
        input: Input::default(),
        last: None,
        effects: VecDeque::new(),
        case: None,
        result: TestResult::default(),
        fuel,
        elsewhere,
    };
    machine.bench = Some(Box::new(bench));
    let ended = tests.iter().try_for_each(|test| run_one(machine, *test, fuel));
    let result = machine.bench.take().map(|bench| bench.result).unwrap_or_default();
    ended.map(|()| result)
}

fn run_one(machine: &mut Machine, test: FuncId, fuel: u64) -> Result<(), RunError> {
    let program = match machine.programs.programs.get(&test) {
        Some(Ok(program)) => Arc::clone(program),
        Some(Err(problem)) => return Err(RunError::NotRunnable(problem.clone())),
        None => return Err(RunError::NotRunnable(format!("{test} is no program"))),
    };
    machine.reset();
    machine.run.fuel = fuel;
    machine.run.fuel_limit = fuel;
    if let Err(trap) = Reference.run(machine, &program, 0) {
        let fault = locate(machine, &program, *trap);
        if machine.bench.as_ref().is_some_and(|bench| bench.result.unsupported.is_some()) {
            return Ok(());
        }
        let failure = TestFailure {
            message: format!("the test fails by itself: {}", fault.kind),
            notes: Vec::new(),
            case: None,
            span: fault.span,
            line: fault.line.clone(),
            fault: None,
        };
        if let Some(bench) = &mut machine.bench {
            bench.fail(failure);
        }
    }
    Ok(())
}

impl Bench {
    /// Gives the test up.
    fn give_up(&mut self, why: String) -> Trap {
        self.result.unsupported = Some(why.clone());
        crate::fault::FaultKind::bad_input(why)
    }

    fn fail(&mut self, mut failure: TestFailure) {
        failure.case = self.case.clone();
        self.result.failures.push(failure);
    }
}

/// Runs a program elsewhere; what is wrong with that.
fn run_elsewhere(
    machine: &mut Machine,
    elsewhere: &Mutex<dyn Elsewhere>,
    program: &str,
) -> Result<Result<(), String>, Trap> {
    let input = machine.bench.as_ref().map(|bench| bench.input.clone()).unwrap_or_default();
    let mut elsewhere = elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
    let result = elsewhere.run(program, &input, &mut Contents(machine));
    let Some(bench) = &mut machine.bench else { return Ok(Ok(())) };
    match result {
        Ok(outcome) => {
            bench.effects.extend(outcome.effects.iter().cloned());
            bench.last = Some(outcome);
            Ok(Ok(()))
        }
        Err(Refusal::Failed(problem)) => Ok(Err(problem)),
        Err(Refusal::Unsupported(why)) => Err(bench.give_up(why)),
    }
}

/// Runs a program with the input of the bench while a test function waits; its fault if it has one.
fn run_inside(machine: &mut Machine, program: &Arc<Program>) -> Result<Result<(), Fault>, Trap> {
    let Some(bench) = &machine.bench else { return Ok(Ok(())) };
    let (input, fuel) = (bench.input.clone(), bench.fuel);
    let outer = std::mem::take(&mut machine.run);
    machine.run.prog_type = program.prog_type();
    machine.run.fuel = fuel;
    machine.run.fuel_limit = fuel;
    machine.run.first_frame = TEST_FRAMES;
    let prepared = context::prepare(machine, &input).map_err(|error| error.to_string());
    let result = prepared.map(|()| {
        let ctx = machine.run.ctx;
        let ret = Reference.run(machine, program, ctx);
        machine.maps.ringbufs_consume();
        ret.map_err(|trap| locate(machine, program, *trap)).map(|ret| {
            let (packet, metadata) = context::packet_after(machine, input.start);
            Outcome {
                ret,
                packet,
                metadata,
                context: context::bytes_after(machine),
                effects: std::mem::take(&mut machine.run.effects),
                n_insns: fuel - machine.run.fuel,
                engines: vec![Reference.name()],
                unsupported: None,
            }
        })
    });
    machine.reset();
    machine.run = outer;
    let outcome = match result {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(fault)) => return Ok(Err(fault)),
        Err(problem) => return Err(crate::fault::FaultKind::bad_input(problem)),
    };
    if let Some(bench) = &mut machine.bench {
        bench.effects.extend(outcome.effects.iter().cloned());
        bench.last = Some(outcome);
    }
    Ok(Ok(()))
}
