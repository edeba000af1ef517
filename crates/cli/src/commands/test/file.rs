//! The tests of one file.

use super::discover::Source;
use crate::args::{EngineChoice, Test};
use crate::commands::compilation::Compilation;
use crate::commands::run::verify_options;
use crate::exit::Exit;
use bpfc::{Btf, Object, OptLevel};
use bpfc_base::render::{self, Format};
use bpfc_base::{Diagnostic, Session, Severity, Span, codes};
use bpfc_kabi::bench::TEST_MACRO;
use bpfc_tester::{Case, Coverage, Outcome, Place, REJECTED_VERB, Suite, Verdict, line_span};
use bpfc_testkit::{TestFile, Verb};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// The case of a file that does not compile, or that the kernel would refuse.
const CHECK: &str = "check";

/// What is common to all files.
pub struct Plan<'a> {
    /// The command line.
    pub args: &'a Test,
    /// Types of `--btf`.
    pub types: Option<Arc<Btf>>,
    /// How diagnostics are printed.
    pub format: Format,
}

/// How the tests of a file ended, and how many were left out.
pub struct Tested {
    /// One for each test that was wanted.
    pub cases: Vec<Case>,
    /// Tests that the filter left out.
    pub n_filtered: usize,
    /// What they went through, if that is wanted.
    pub coverage: Coverage,
    /// How the command ends by what was said.
    pub exit: Exit,
}

/// Runs the tests of a file.
pub fn test(source: &Source, plan: &Plan<'_>) -> Tested {
    let tested = Tested {
        cases: Vec::new(),
        n_filtered: 0,
        coverage: Coverage::default(),
        exit: Exit::Fine,
    };
    let mut run = FileRun { source, plan, tested };
    match &source.comments {
        Ok(comments) => run.all(comments),
        Err((line, problem)) => run.misread(*line, problem),
    }
    run.tested
}

struct FileRun<'a> {
    source: &'a Source,
    plan: &'a Plan<'a>,
    tested: Tested,
}

impl FileRun<'_> {
    fn all(&mut self, comments: &TestFile) {
        if let Some(assertion) = comments.assertions.first() {
            let help = "the forms are `//~ run …`, `//~ map …` and others, and `//~ rejected CODE`";
            return self.misread(assertion.line, &format!("this is no step of a scenario: {help}"));
        }
        let Some((mut plain, object)) = self.compiled(&[], None) else { return };
        if let Some(object) = &object {
            bpfc::verify(&mut plain.session, object, &verify_options());
        }
        let diagnostics = plain.session.diagnostics.take();
        self.check(comments, &plain, &diagnostics);
        let Some(object) = object else { return };
        let names = object.functions.iter().map(|function| function.name.clone()).collect();
        let macros: &[&str] = if self.source.has_functions { &[TEST_MACRO] } else { &[] };
        // Coverage is of lines as they were written, if they fit on the stack like that.
        let is_covered = self.plan.args.coverage.is_some();
        let level = is_covered.then_some(OptLevel::O0);
        if macros.is_empty() && level.is_none() {
            return self.suite(&object, comments, &plain, &names);
        }
        let started = Instant::now();
        let mut built = self.compiled(macros, level);
        if let Some((_, None)) = built {
            built = self.compiled(macros, None);
        }
        match built {
            None => {}
            Some((tests, Some(object))) => self.suite(&object, comments, &tests, &names),
            Some((mut tests, None)) => {
                let diagnostics = tests.session.diagnostics.take();
                let text = self.rendered(&tests.session, &diagnostics);
                self.push(CHECK, None, Outcome::Failed(text), started);
            }
        }
    }

    /// The object, with these macros defined; none if the source cannot even be read.
    fn compiled(
        &mut self,
        macros: &[&str],
        level: Option<OptLevel>,
    ) -> Option<(Compilation, Option<Object>)> {
        let started = Instant::now();
        let Source { name, bytes, .. } = self.source;
        let Plan { args, types, .. } = self.plan;
        match Compilation::quietly(name, bytes, &args.compile, types.clone(), &[]) {
            Ok(mut compilation) => {
                let defines = macros.iter().map(|&name| name.to_owned());
                compilation.options.defines.extend(defines);
                compilation.options.opt_level = level.unwrap_or(compilation.options.opt_level);
                let object = compilation.compile();
                Some((compilation, object))
            }
            Err(refused) => {
                let text = self.rendered(&refused.session, &refused.diagnostics);
                self.push(CHECK, None, Outcome::Failed(text), started);
                None
            }
        }
    }

    /// Compares what is wrong with the program to what is said to be.
    fn check(&mut self, comments: &TestFile, compilation: &Compilation, found: &[Diagnostic]) {
        let started = Instant::now();
        let mut is_expected = vec![false; found.len()];
        for verb in comments.verbs.iter().filter(|verb| verb.name == REJECTED_VERB) {
            let place = wanted_line(verb, &self.source.bytes);
            let fits = |diagnostic: &Diagnostic| {
                diagnostic.severity == Severity::Error
                    && (verb.rest.is_empty() || diagnostic.code.to_string() == verb.rest)
                    && place.is_none_or(|line| line_of(compilation, diagnostic) == Some(line))
            };
            let n_fit = (found.iter().zip(&mut is_expected))
                .filter(|(diagnostic, _)| fits(diagnostic))
                .map(|(_, is_expected)| *is_expected = true)
                .count();
            let outcome = match n_fit {
                0 => Outcome::Failed(self.not_rejected(verb, compilation, found)),
                _ => Outcome::Passed,
            };
            let name = format!("{REJECTED_VERB} {}", verb.rest);
            self.push(name.trim(), Some(verb.line), outcome, started);
        }
        let rest = found.iter().zip(&is_expected).filter(|(_, is_expected)| !**is_expected);
        let rest: Vec<Diagnostic> = rest.map(|(diagnostic, _)| diagnostic.clone()).collect();
        if rest.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            let text = self.rendered(&compilation.session, &rest);
            self.push(CHECK, None, Outcome::Failed(text), started);
        }
    }

    fn not_rejected(
        &mut self,
        verb: &Verb,
        compilation: &Compilation,
        found: &[Diagnostic],
    ) -> String {
        let what = if verb.rest.is_empty() { "an error" } else { &verb.rest };
        let errors = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        let message = match errors.count() {
            0 => format!("expected {what}, but the program is fine"),
            _ => format!("expected {what}, but something else is wrong"),
        };
        let span = line_span(&compilation.session.sources, compilation.file, verb.line);
        let diagnostic = Diagnostic::new(codes::load::E0914, span, message);
        let mut all = vec![diagnostic];
        all.extend_from_slice(found);
        self.rendered(&compilation.session, &all)
    }

    fn suite(
        &mut self,
        object: &Object,
        comments: &TestFile,
        compilation: &Compilation,
        functions: &BTreeSet<String>,
    ) {
        let started = Instant::now();
        let place = match (self.plan.args.kernel, self.plan.args.engine) {
            (true, _) => Place::Kernel,
            (false, EngineChoice::Both) => Place::Machine(bpfc_vm::EngineChoice::Both),
            (false, EngineChoice::Rbpf) => Place::Machine(bpfc_vm::EngineChoice::Rbpf),
            (false, EngineChoice::Reference) => Place::Machine(bpfc_vm::EngineChoice::Reference),
        };
        let suite = match Suite::new(object, comments, place, self.plan.args.coverage.is_some()) {
            Ok(suite) => suite,
            Err(error) => {
                let text = self.rendered(&compilation.session, &[error]);
                return self.push(CHECK, None, Outcome::Failed(text), started);
            }
        };
        let sources = &compilation.session.sources;
        for test in suite.tests() {
            if !self.is_wanted(&test.name) {
                continue;
            }
            let started = Instant::now();
            let verdict = match self.plan.args.list {
                true => Verdict::Ran(Vec::new()),
                false => suite.run(&test),
            };
            let outcome = match verdict {
                Verdict::Skipped(why) => Outcome::Skipped(why),
                Verdict::Ran(failures) if failures.is_empty() => Outcome::Passed,
                Verdict::Ran(failures) => {
                    let said = failures.iter();
                    let said = said.flat_map(|f| f.to_diagnostics(sources, compilation.file));
                    let said: Vec<Diagnostic> = said.collect();
                    Outcome::Failed(self.rendered(&compilation.session, &said))
                }
            };
            self.record(&test.name, test.line, outcome, started);
        }
        self.tested.coverage = suite.coverage(functions);
    }

    /// A comment that is not in the language.
    fn misread(&mut self, line: u32, problem: &str) {
        let started = Instant::now();
        let mut session = Session::default();
        let Source { name, bytes, .. } = self.source;
        let file = bpfc::add_source(&mut session, name, bytes);
        let span = file.map_or(Span::NONE, |file| line_span(&session.sources, file, line));
        let diagnostic = Diagnostic::new(codes::load::E0915, span, problem.to_owned());
        let text = self.rendered(&session, &[diagnostic]);
        self.push(CHECK, Some(line), Outcome::Failed(text), started);
    }

    fn is_wanted(&mut self, name: &str) -> bool {
        let filter = &self.plan.args.filter;
        let full = format!("{}: {name}", self.source.name);
        let is_wanted = filter.is_empty() || filter.iter().any(|text| full.contains(text.as_str()));
        self.tested.n_filtered += usize::from(!is_wanted);
        is_wanted
    }

    fn push(&mut self, name: &str, line: Option<u32>, outcome: Outcome, started: Instant) {
        if self.is_wanted(name) {
            self.record(name, line, outcome, started);
        }
    }

    fn record(&mut self, name: &str, line: Option<u32>, outcome: Outcome, started: Instant) {
        self.tested.cases.push(Case {
            file: self.source.name.clone(),
            name: name.to_owned(),
            line,
            outcome,
            elapsed: started.elapsed(),
        });
    }

    fn rendered(&mut self, session: &Session, diagnostics: &[Diagnostic]) -> String {
        self.tested.exit = self.tested.exit.max(Exit::of(diagnostics));
        render::render(session, diagnostics, self.plan.format)
    }
}

/// The line that `//~ rejected` is about: none if it stands alone in its line.
fn wanted_line(verb: &Verb, bytes: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().nth(verb.line.saturating_sub(1) as usize).unwrap_or_default();
    let is_alone = verb.target == verb.line && line.trim_start().starts_with("//");
    (!is_alone).then_some(verb.target)
}

fn line_of(compilation: &Compilation, diagnostic: &Diagnostic) -> Option<u32> {
    let sources = &compilation.session.sources;
    let (_, at) = sources.line_col(sources.root(diagnostic.span()))?;
    Some(at.line)
}
