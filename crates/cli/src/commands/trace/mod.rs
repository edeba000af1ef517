//! `bpfc trace ONE-LINER`: what a one-liner asks for, as a program in C that is compiled and run like any other.
//!
//! [`script`] reads the one-liner, [`place`] its probes. Twice a program is compiled only for the types in it: first of the
//! records of tracepoints, then of all values. With these, [`write`] writes the program. What is wrong with the C that the user
//! wrote is shown where the one-liner has it ([`text`]).

mod expr;
mod head;
mod maps;
mod place;
mod script;
mod shape;
mod text;
mod types;
mod words;
mod write;

use super::compilation::Compilation;
use super::run;
use crate::args::{Run, Trace};
use crate::exit::Exit;
use crate::terminal::{Terminal, print_out};
use bpfc::{Btf, Host, Object};
use bpfc_base::codes::parse::E0201;
use bpfc_base::codes::types::E0301;
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Help, Session, Severity};
use place::Place;
use std::sync::Arc;
use text::Text;
use types::Types;
use write::Source;

/// What one-liners are called in diagnostics.
const NAME: &str = "one-liner";
/// What their programs are called.
const PROGRAM: &str = "one-liner.c";
/// Longest one-liner, in bytes.
const MAX_BYTES: usize = 1 << 16;

/// Why a one-liner is not traced.
enum Stop {
    /// The one-liner is wrong.
    Wrong(Box<Diagnostic>),
    /// What is wrong was printed.
    Printed(Exit),
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Stop::Wrong(Box::new(diagnostic))
    }
}

impl From<Exit> for Stop {
    fn from(exit: Exit) -> Self {
        Stop::Printed(exit)
    }
}

/// Traces what a one-liner says.
pub fn run(args: &Trace, terminal: &mut Terminal) -> Exit {
    let one_liner = OneLiner { text: completed(&args.text), args };
    let exit = match one_liner.trace(terminal) {
        Ok(exit) | Err(Stop::Printed(exit)) => exit,
        Err(Stop::Wrong(diagnostic)) => {
            match one_liner.open(&Text::default(), &args.run(), terminal) {
                Ok(opened) => {
                    terminal.print(&opened.compilation.session, &[*diagnostic]);
                    Exit::Diagnostics
                }
                Err(exit) => exit,
            }
        }
    };
    terminal.print_summary();
    exit
}

/// A one-liner that says only where prints what there is.
fn completed(text: &str) -> String {
    if text.contains('{') || text.trim().is_empty() {
        return text.to_owned();
    }
    let word = text.trim_start().split(':').next().unwrap_or_default();
    let returns = word.contains("ret") || matches!(word, "kr" | "ur" | "fr" | "fexit");
    let what = if returns { "comm, pid, retval" } else { "comm, pid, args" };
    format!("{text} {{ {what} }}")
}

/// A one-liner and how it is compiled.
struct OneLiner<'a> {
    text: String,
    args: &'a Trace,
}

impl OneLiner<'_> {
    fn trace(&self, terminal: &mut Terminal) -> Result<Exit, Stop> {
        let program = self.program(terminal)?;
        if self.args.emit.is_some() {
            let places = program.attach.iter().map(|place| format!(" --attach '{place}'"));
            let places =
                places.chain(program.usdt.iter().map(|probe| format!(" --usdt '{probe}'")));
            let how = format!("// bpfc run --kernel FILE{}", places.collect::<String>());
            print_out(&format!("{how}\n\n{}\n", program.text.as_str().trim_end()));
            return Ok(Exit::Fine);
        }
        let mut run_args = self.args.run();
        run_args.attach.clone_from(&program.attach);
        run_args.compile.usdt.extend(program.usdt.iter().cloned());
        let (compilation, object) = self.compile(&program.text, &run_args, terminal)?;
        Ok(run::run_compiled(compilation, object, &run_args, terminal))
    }

    /// What the one-liner becomes.
    fn program(&self, terminal: &mut Terminal) -> Result<write::Program, Stop> {
        if self.text.len() > MAX_BYTES {
            let message = format!(
                "a one-liner has at most {MAX_BYTES} bytes; `bpfc run` takes whole programs"
            );
            return Err(Diagnostic::without_span(E0201, message).into());
        }
        let run = self.args.run();
        let mut first = self.open(&Text::default(), &run, terminal)?;
        let script = script::parse(&self.text, first.base)?;
        let kernel: Option<Arc<Btf>> = first.compilation.host.kernel_btf();
        let mut places: Vec<Vec<Place>> = Vec::new();
        for clause in &script.clauses {
            let all = clause.probes.iter();
            let all =
                all.map(|at| place::place(&self.text, at.clone(), first.base, kernel.as_deref()));
            places.push(all.collect::<Result<_, Diagnostic>>()?);
        }
        self.name_members(&script, &mut places, &run, terminal)?;
        let source = self.source(&script, &places, first.base);
        let types = self.types(&source, &run, terminal)?;
        Ok(source.write(&types)?)
    }

    fn source<'s>(
        &'s self,
        script: &'s script::Script,
        places: &'s [Vec<Place>],
        base: u32,
    ) -> Source<'s> {
        Source { text: &self.text, base, script, places, pid: self.args.pid }
    }

    /// Finds the members of the records of tracepoints.
    fn name_members(
        &self,
        script: &script::Script,
        places: &mut [Vec<Place>],
        run: &Run,
        terminal: &mut Terminal,
    ) -> Result<(), Exit> {
        let text = self.source(script, places, 0).ask_records();
        let Some(btf) = self.asked(&text, run, terminal)?.map(|(_, btf)| btf) else {
            return Ok(());
        };
        for (at, place) in places.iter_mut().flatten().enumerate() {
            if place.record().is_some() {
                types::name_members(place, &format!("probe_{}", at + 1), &btf);
            }
        }
        Ok(())
    }

    fn types(
        &self,
        source: &Source<'_>,
        run: &Run,
        terminal: &mut Terminal,
    ) -> Result<Types, Stop> {
        let text = source.ask_types()?;
        let mut types = Types::default();
        if let Some((object, btf)) = self.asked(&text, run, terminal)? {
            for (number, clause, _) in source.probes() {
                let values = types::values(clause, &self.text, source.base)?;
                types.learn(&object, &btf, number, &values);
            }
        }
        Ok(types)
    }

    /// Compiles a program for its types.
    fn asked(
        &self,
        text: &Text,
        run: &Run,
        terminal: &mut Terminal,
    ) -> Result<Option<(Object, Btf)>, Exit> {
        if text.is_empty() {
            return Ok(None);
        }
        let mut opened = self.open(text, run, terminal)?;
        let object = opened.compilation.compile();
        self.report(&mut opened, text, terminal)?;
        let object = object.ok_or(Exit::Diagnostics)?;
        let btf = object.open_btf().ok();
        Ok(btf.map(|btf| (object, btf)))
    }

    fn compile(
        &self,
        text: &Text,
        run: &Run,
        terminal: &mut Terminal,
    ) -> Result<(Compilation, Object), Exit> {
        let mut opened = self.open(text, run, terminal)?;
        let object = opened.compilation.compile();
        if let Some(object) = &object {
            bpfc::verify(&mut opened.compilation.session, object, &run::verify_options());
        }
        self.report(&mut opened, text, terminal)?;
        Ok((opened.compilation, object.ok_or(Exit::Diagnostics)?))
    }

    /// The one-liner and a program as sources.
    fn open(&self, text: &Text, run: &Run, terminal: &mut Terminal) -> Result<Opened, Exit> {
        let types =
            crate::btf_file::open(&run.compile.btf).map_err(|error| terminal.fail_with(error))?;
        let mut compilation =
            Compilation::of_bytes(NAME, self.text.as_bytes(), &run.compile, types, terminal)?;
        let base = compilation.session.sources.file(compilation.file).start;
        let added = bpfc::add_source(&mut compilation.session, PROGRAM, text.as_str().as_bytes());
        compilation.file = added.ok_or(Exit::Diagnostics)?;
        compilation.options.dialect = Some(bpfc::Dialect::Bcc);
        compilation.options.counts_lost = true;
        Ok(Opened { compilation, base })
    }

    /// Prints what was reported, of the one-liner where it can be; only errors of what nobody wrote.
    fn report(
        &self,
        opened: &mut Opened,
        text: &Text,
        terminal: &mut Terminal,
    ) -> Result<(), Exit> {
        let Opened { compilation, base } = opened;
        let reported = compilation.session.diagnostics.take();
        let errors =
            reported.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        let mut shown: Vec<Diagnostic> = errors
            .map(|error| text.blame(error, &compilation.session, compilation.file, *base))
            .collect();
        shown.dedup();
        for error in &mut shown {
            propose_name(error, &compilation.session);
        }
        terminal.print(&compilation.session, &shown);
        if shown.is_empty() { Ok(()) } else { Err(Exit::Diagnostics) }
    }
}

/// A name that nobody declared may be meant to be one that one-liners know.
fn propose_name(error: &mut Diagnostic, session: &Session) {
    let name = session.sources.text(error.span());
    if error.code == E0301
        && error.helps.is_empty()
        && let Some(similar) = most_similar(name, expr::names())
    {
        error.helps.push(Help { text: format!("did you mean `{similar}`?"), edits: Vec::new() });
    }
}

/// A one-liner and its program as sources.
struct Opened {
    compilation: Compilation,
    /// Where the one-liner begins.
    base: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts of one-liners, good ones and others.
    const PARTS: [&str; 52] = [
        "tp:a:b",
        "t:a:b*",
        "kprobe:f",
        "kr:f",
        "u:c:f",
        "rt:x",
        "profile:hz:9",
        "usdt:a:b:c",
        "ksyscall:x",
        "f:g",
        ",",
        " ",
        "/",
        "{",
        "}",
        ";",
        "(",
        ")",
        "[",
        "]",
        "@",
        "@x",
        "@[comm]",
        "@x[pid, tid]",
        "=",
        "==",
        "!=",
        "++",
        "count()",
        "hist(",
        "stats(pid)",
        "delete(@x[1])",
        "comm",
        "pid",
        "args",
        "args.x",
        "args.x->y",
        "arg0",
        "arg9",
        "retval",
        "func",
        "kstack",
        "str(",
        "ustr(arg0, 9)",
        "\"a\"",
        "\"",
        "'",
        "\\",
        "\u{fc}",
        "1",
        ".",
        "-> ",
    ];

    /// Numbers that are the same each time (xorshift).
    fn next(state: &mut u64) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 8) as usize
    }

    #[test]
    fn no_one_liner_is_too_odd() {
        let mut state = 88_172_645_463_325_252;
        let mut n_understood = 0;
        for _ in 0..15_000 {
            let mut text = if next(&mut state).is_multiple_of(2) {
                String::new()
            } else {
                "tp:a:b { ".to_owned()
            };
            for _ in 0..next(&mut state) % 24 {
                text.push_str(PARTS[next(&mut state) % PARTS.len()]);
            }
            text.push_str(["", " }", ") }"][next(&mut state) % 3]);
            let text = completed(&text);
            let Ok(script) = script::parse(&text, 1) else { continue };
            let places = |clause: &script::Clause| {
                let all = clause.probes.iter().map(|at| place::place(&text, at.clone(), 1, None));
                all.collect::<Result<Vec<Place>, Diagnostic>>()
            };
            let Ok(places) = script.clauses.iter().map(places).collect::<Result<Vec<_>, _>>()
            else {
                continue;
            };
            let source =
                Source { text: &text, base: 1, script: &script, places: &places, pid: None };
            source.ask_records();
            if source.ask_types().is_ok() {
                n_understood += 1;
                drop(source.write(&Types::default()));
            }
        }
        assert!(n_understood > 200, "{n_understood}");
    }
}
