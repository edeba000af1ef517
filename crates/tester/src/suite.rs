//! The tests of one object, and how each is run.

use crate::engine::Machine;
use crate::packets::PacketLanguage;
use crate::plan::{self, Functions, Part};
use crate::scenario::{self, Problem};
use bpfc_base::{Diagnostic, FileId, SourceMap, Span, codes::load};
use bpfc_object::Object;
use bpfc_testkit::TestFile;
use bpfc_vm::{EngineChoice, Options, TestFailure, Vm};
use std::sync::Arc;

/// The tests of an object, each on a machine of its own.
pub struct Suite<'a> {
    object: &'a Object,
    parts: Vec<Part>,
    functions: Functions,
    /// As each test finds it.
    vm: Vm,
    /// As each scenario finds it.
    scenario_vm: Vm,
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
    Whole(String),
}

impl<'a> Suite<'a> {
    /// The tests of `object`, and of the comments of its source.
    ///
    /// # Errors
    /// Why no machine can be made for the object.
    pub fn new(
        object: &'a Object,
        source: &TestFile,
        engine: EngineChoice,
    ) -> Result<Suite<'a>, Diagnostic> {
        let parts = plan::parts(source);
        let functions = plan::functions(object);
        let vm = |engine| {
            let options = Options { engine, ..Options::default() };
            Vm::new(object, options).map_err(|error| error.to_diagnostic())
        };
        let scenario_vm = vm(engine)?;
        let vm = match engine {
            EngineChoice::Reference => scenario_vm.clone(),
            _ => vm(EngineChoice::Reference)?,
        };
        Ok(Suite { object, parts, functions, vm, scenario_vm })
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

    /// Runs one of its tests: what is wrong.
    pub fn run(&self, test: &TestName) -> Vec<Failure> {
        match test.which {
            Which::Part(idx) => {
                let mut machine = Machine::with(self.scenario_vm.clone());
                let problems = scenario::play(self.object, &self.parts[idx].steps, &mut machine);
                problems.into_iter().map(Failure::Step).collect()
            }
            Which::Function(idx) => {
                let functions: Vec<_> = (self.functions.setups.iter().copied())
                    .chain([self.functions.tests[idx].1])
                    .collect();
                let result = self.vm.clone().run_test(&functions, Arc::new(PacketLanguage));
                match result {
                    Ok(failures) => {
                        failures.into_iter().map(|f| Failure::Function(Box::new(f))).collect()
                    }
                    Err(error) => vec![Failure::Whole(error.to_string())],
                }
            }
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
            Failure::Whole(text) => vec![Diagnostic::without_span(load::E0915, text.clone())],
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
