//! `bpfc run FILE…`

mod csv;
mod kernel;
mod live;
mod packets;
mod printer;
mod profile;
mod stacks;
mod verdict;
mod vm;

pub use printer::empty_btf;

use super::compilation::Compilation;
use super::link;
use crate::args::Run;
use crate::exit::Exit;
use crate::files;
use crate::terminal::Terminal;
use bpfc::{KernelVersion, Object, VerifyOptions};
use bpfc_base::{Diagnostic, Session, Severity, codes};
use bpfc_object::FuncId;
use std::path::Path;

/// Runs a program, in the virtual machine or on this machine.
pub fn run(args: &Run, terminal: &mut Terminal) -> Exit {
    let exit = match open(args, terminal) {
        Ok(ready) if args.kernel => kernel::run(&ready, args, terminal),
        Ok(ready) => vm::run(&ready, args, terminal),
        Err(exit) => exit,
    };
    terminal.print_summary();
    exit
}

/// Runs what is compiled and verified, on this machine.
pub fn run_compiled(
    compilation: Compilation,
    object: Object,
    args: &Run,
    terminal: &mut Terminal,
) -> Exit {
    kernel::run(&Ready { session: compilation.session, object }, args, terminal)
}

/// An object without errors and what its diagnostics refer to.
struct Ready {
    session: Session,
    object: Object,
}

impl Ready {
    /// The programs that were asked for.
    fn programs(&self, args: &Run) -> Result<Vec<FuncId>, Diagnostic> {
        let all = || self.object.programs();
        let Some(name) = &args.program else {
            let programs: Vec<FuncId> = all().map(|(id, _)| id).collect();
            if programs.is_empty() {
                let message = format!("there is no program in `{}`", files::shown(&args.file));
                return Err(Diagnostic::without_span(codes::bpf::E0411, message)
                    .with_help("mark a function as a program with `SEC(\"xdp\")` or the like"));
            }
            return Ok(programs);
        };
        let found = all().find(|(_, function)| function.name == *name);
        found.map(|(id, _)| vec![id]).ok_or_else(|| {
            let message = format!("there is no program `{name}` in `{}`", files::shown(&args.file));
            let names: Vec<&str> = all().map(|(_, function)| function.name.as_str()).collect();
            Diagnostic::without_span(codes::bpf::E0411, message)
                .with_note(format!("it has: {}", names.join(", ")))
        })
    }
}

/// Compiles and checks the file, or reads it if it is an object.
fn open(args: &Run, terminal: &mut Terminal) -> Result<Ready, Exit> {
    if !args.others.is_empty() {
        return open_several(args, terminal);
    }
    if link::is_object(&args.file) {
        return open_object(args, terminal);
    }
    let mut compilation = open_source(&args.file, args, terminal)?;
    let mut object = compilation.compile();
    if let Some(object) = &mut object {
        set_variables(object, args, terminal)?;
        bpfc::verify(&mut compilation.session, object, &verify_options());
    }
    let exit = compilation.report(terminal);
    match object {
        Some(object) if exit == Exit::Fine => Ok(Ready { session: compilation.session, object }),
        _ => Err(exit.max(Exit::Diagnostics)),
    }
}

/// Programs that run in the kernel count what their ring buffers have no room for; those that are kept there are as they were
/// written.
fn open_source(file: &Path, args: &Run, terminal: &mut Terminal) -> Result<Compilation, Exit> {
    let mut compilation = Compilation::open(file, &args.compile, terminal)?;
    compilation.options.counts_lost = args.kernel && args.packet.is_none() && args.pin.is_none();
    Ok(compilation)
}

/// Links what several files define, and checks it.
fn open_several(args: &Run, terminal: &mut Terminal) -> Result<Ready, Exit> {
    let files = std::iter::once(&args.file).chain(&args.others);
    let open = |file: &Path, terminal: &mut Terminal| open_source(file, args, terminal);
    let objects = link::parts(files, open, terminal)?;
    let mut session = Session::default();
    let object = bpfc::join(&mut session, &objects);
    verified(session, object, args, terminal)
}

fn open_object(args: &Run, terminal: &mut Terminal) -> Result<Ready, Exit> {
    let object = link::read(&args.file).map_err(|error| terminal.fail_with(error))?;
    verified(Session::default(), Some(object), args, terminal)
}

/// `--set`, before the verifier looks at what constants are.
fn set_variables(object: &mut Object, args: &Run, terminal: &mut Terminal) -> Result<(), Exit> {
    for assignment in &args.set {
        if let Err(problem) = bpfc::set_variable(object, assignment) {
            let message = format!("`--set`: {problem}");
            terminal.fail(Diagnostic::without_span(codes::load::E0920, message));
            return Err(Exit::Usage);
        }
    }
    Ok(())
}

fn verified(
    mut session: Session,
    mut object: Option<Object>,
    args: &Run,
    terminal: &mut Terminal,
) -> Result<Ready, Exit> {
    if let Some(object) = &mut object {
        set_variables(object, args, terminal)?;
        bpfc::verify(&mut session, object, &verify_options());
    }
    let diagnostics = session.diagnostics.take();
    terminal.print(&session, &diagnostics);
    let is_wrong = diagnostics.iter().any(|d| d.severity == Severity::Error);
    match object {
        Some(object) if !is_wrong => Ok(Ready { session, object }),
        _ => Err(Exit::Diagnostics),
    }
}

/// The rules of the kernel that the virtual machine stands for; a real kernel applies its
/// own.
pub fn verify_options() -> VerifyOptions {
    VerifyOptions { kernel: Some(KernelVersion::new(6, 18)), ..VerifyOptions::default() }
}
