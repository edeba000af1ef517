//! The tests of one object, and how each is run.

use crate::coverage::Coverage;
use crate::engine::{Machine, Outside, Real};
use crate::names;
use crate::packets::PacketLanguage;
use crate::plan::{self, Functions, Part};
use crate::scenario::{self, Problem};
use bpfc_base::{Diagnostic, FileId, SourceMap, Span, codes::load};
use bpfc_loader::Kernel;
use bpfc_object::{FuncId, Object};
use bpfc_testkit::{Step, TestFile};
use bpfc_vm::{Counts, Elsewhere, EngineChoice, Environment, Options, TestFailure, Vm};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// The tests of an object, each on a machine of its own.
pub struct Suite<'a> {
    object: &'a Object,
    parts: Vec<Part>,
    functions: Functions,
    /// As each test finds it.
    vm: Vm,
    /// As each scenario finds it, where the kernel does not run it.
    scenario_vm: Option<Vm>,
    /// How often instructions were executed in all tests, if that is counted.
    counts: RefCell<Counts>,
}

/// What runs the programs of a [`Suite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// These engines of the virtual machine; test functions and what they run are the reference's.
    Machine(EngineChoice),
    /// This machine's kernel, by `BPF_PROG_TEST_RUN`.
    Kernel,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// With this wrong, if anything.
    Ran(Vec<Failure>),
    /// It needs what this place does not have.
    Skipped(String),
}

/// One test of a [`Suite`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestName {
    /// As it is called in the source.
    pub name: String,
    /// Where a scenario begins, from 1.
    pub line: Option<u32>,
    which: Which,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Part(usize),
    Function(usize),
}

/// What is wrong with a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A step of a scenario.
    Step(Problem),
    /// An assertion of a test function.
    Function(Box<TestFailure>),
    /// The test as a whole.
    Whole(Box<Diagnostic>),
}

impl<'a> Suite<'a> {
    /// The tests of `object`, and of the comments of its source.
    ///
    /// # Errors
    /// Why no machine can be made for the object.
    pub fn new(
        object: &'a Object,
        source: &TestFile,
        place: Place,
        counts: bool,
    ) -> Result<Suite<'a>, Diagnostic> {
        let mut environment = Environment::default();
        if place == Place::Kernel {
            // Values of per-CPU maps are carried between the two.
            let n_cpus = Kernel::new().n_possible_cpus();
            environment.n_cpus = n_cpus.map_err(|error| error.to_diagnostic())?;
        }
        let vm = |engine| {
            let environment = environment.clone();
            let options = Options { engine, environment, counts, ..Options::default() };
            Vm::new(object, options).map_err(|error| error.to_diagnostic())
        };
        Ok(Suite {
            object,
            parts: plan::parts(source),
            functions: plan::functions(object),
            vm: vm(EngineChoice::Reference)?,
            scenario_vm: match place {
                Place::Machine(engine) => Some(vm(engine)?),
                Place::Kernel => None,
            },
            counts: RefCell::default(),
        })
    }

    /// Its tests: scenarios, then functions, in the order of the source.
    pub fn tests(&self) -> Vec<TestName> {
        let parts = self.parts.iter().enumerate().map(|(idx, part)| TestName {
            name: part.name.clone(),
            line: part.steps.first().map(|step| step.line),
            which: Which::Part(idx),
        });
        let functions = self.functions.tests.iter().enumerate().map(|(idx, (name, _))| TestName {
            name: name.clone(),
            line: None,
            which: Which::Function(idx),
        });
        parts.chain(functions).collect()
    }

    /// Runs one of its tests.
    pub fn run(&self, test: &TestName) -> Verdict {
        let result = match (test.which, &self.scenario_vm) {
            (Which::Part(idx), Some(vm)) => {
                let mut machine = Machine::with(vm.clone());
                let problems = scenario::play(self.object, &self.parts[idx].steps, &mut machine);
                self.count(machine.vm());
                Ok(verdict(problems))
            }
            (Which::Part(idx), None) => self.play_in_kernel(&self.parts[idx].steps),
            (Which::Function(idx), _) => self.call(self.functions.tests[idx].1),
        };
        result.unwrap_or_else(|diagnostic| Verdict::Ran(vec![Failure::Whole(diagnostic)]))
    }

    fn count(&self, vm: &Vm) {
        let mut counts = self.counts.borrow_mut();
        for (insn, count) in vm.counts() {
            let sum = counts.entry(insn).or_default();
            sum.executed += count.executed;
            sum.taken += count.taken;
        }
    }

    /// What all tests so far went through, of these functions.
    pub fn coverage(&self, functions: &BTreeSet<String>) -> Coverage {
        let mut coverage = Coverage::default();
        coverage.add(self.object, &self.counts.borrow(), functions);
        coverage
    }

    fn play_in_kernel(&self, steps: &[Step]) -> Result<Verdict, Box<Diagnostic>> {
        let (object, steps) = match names::with_constants(self.object, steps) {
            Ok(changed) => changed,
            Err((line, text)) => {
                let problem = Problem { line, text, fault: None, is_unsupported: false };
                return Ok(verdict(vec![problem]));
            }
        };
        let mut kernel = Real::load(&object).map_err(|error| error.to_diagnostic())?;
        Ok(verdict(scenario::play(&object, &steps, &mut kernel)))
    }

    fn call(&self, test: FuncId) -> Result<Verdict, Box<Diagnostic>> {
        let elsewhere: Option<Arc<Mutex<dyn Elsewhere>>> = match self.scenario_vm {
            Some(_) => None,
            None => {
                let real = Real::load(self.object).map_err(|error| error.to_diagnostic())?;
                Some(Arc::new(Mutex::new(Outside::new(self.object, real))))
            }
        };
        let functions: Vec<FuncId> = self.functions.setups.iter().copied().chain([test]).collect();
        let mut vm = self.vm.clone();
        let result = vm.run_test(&functions, Arc::new(PacketLanguage), elsewhere);
        self.count(&vm);
        let result =
            result.map_err(|error| Diagnostic::without_span(load::E0915, error.to_string()))?;
        let failed = |failure| Failure::Function(Box::new(failure));
        Ok(match result.unsupported {
            Some(why) if result.failures.is_empty() => Verdict::Skipped(why),
            _ => Verdict::Ran(result.failures.into_iter().map(failed).collect()),
        })
    }
}

/// A scenario that found nothing wrong until it came to what cannot be done is no failure.
fn verdict(mut problems: Vec<Problem>) -> Verdict {
    match &problems[..] {
        [only] if only.is_unsupported => Verdict::Skipped(only.text.clone()),
        _ => {
            problems.retain(|problem| !problem.is_unsupported);
            Verdict::Ran(problems.into_iter().map(Failure::Step).collect())
        }
    }
}

impl Failure {
    /// What is wrong, for people, with places in the source that was compiled.
    pub fn to_diagnostics(&self, sources: &SourceMap, file: FileId) -> Vec<Diagnostic> {
        match self {
            Failure::Step(problem) => {
                let span = line_span(sources, file, problem.line);
                let mut lines = problem.text.lines();
                let message = lines.next().unwrap_or_default().to_owned();
                let diagnostic = Diagnostic::new(load::E0914, span, message);
                let diagnostic = lines.fold(diagnostic, |d, note| d.with_note(note.to_owned()));
                let fault = problem.fault.iter().map(|fault| (**fault).clone());
                std::iter::once(diagnostic).chain(fault).collect()
            }
            Failure::Function(failure) => {
                let mut failure = failure.clone();
                // The insides of assertions are of no interest.
                failure.span = sources.root(failure.span);
                failure.to_diagnostics()
            }
            Failure::Whole(diagnostic) => vec![(**diagnostic).clone()],
        }
    }
}

/// The comment of a test in this line, from 1, or the line if there is none.
pub fn line_span(sources: &SourceMap, file: FileId, line: u32) -> Span {
    let file = sources.file(file);
    let text = file.line_text(line);
    let Some(&start) = file.line_starts().get(line.saturating_sub(1) as usize) else {
        return Span::NONE;
    };
    let from = text.find("//~").unwrap_or(text.len() - text.trim_start().len());
    let start = file.start + start;
    Span::new(start + from as u32, start + text.len() as u32)
}
