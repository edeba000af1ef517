//! `bpfc link FILE… -o OUT`

use super::compilation::Compilation;
use crate::args::Link;
use crate::exit::Exit;
use crate::files;
use crate::terminal::Terminal;
use bpfc::Object;
use bpfc_base::{Diagnostic, Session};
use std::path::{Path, PathBuf};

/// Makes one object of several.
pub fn run(args: &Link, terminal: &mut Terminal) -> Exit {
    let exit = link(args, terminal).unwrap_or_else(|exit| exit);
    terminal.print_summary();
    exit
}

fn link(args: &Link, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let mut objects = Vec::with_capacity(args.files.len());
    for file in &args.files {
        let object = read(file).map_err(|error| terminal.fail_with(error))?;
        objects.push((files::shown(file), object));
    }
    let mut session = Session::default();
    let joined = bpfc::join(&mut session, &objects);
    let bytes = joined.and_then(|object| {
        bpfc::report_undefined(&mut session, &object);
        bpfc::write_object(&mut session, &object)
    });
    let diagnostics = session.diagnostics.take();
    terminal.print(&session, &diagnostics);
    match bytes {
        Some(bytes) => {
            files::write(&args.output, &bytes).map_err(|error| terminal.fail_with(error))?;
            Ok(Exit::Fine)
        }
        None => Err(Exit::of(&diagnostics)),
    }
}

/// Whether a file is an object, by its name.
pub fn is_object(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "o")
}

/// Reads an object file.
///
/// # Errors
/// Why it cannot be read.
pub fn read(file: &Path) -> Result<Object, Diagnostic> {
    parse(file, &files::read(file)?)
}

/// As [`read`], of bytes that were read already.
///
/// # Errors
/// What is wrong with it.
pub fn parse(file: &Path, bytes: &[u8]) -> Result<Object, Diagnostic> {
    let name = files::shown(file);
    let object = bpfc::read_object(&name, bytes);
    let is_source = file.extension().is_some_and(|extension| extension == "c");
    object.map_err(|error| match is_source {
        true => error.with_help(format!("compile it first: `bpfc build {name}`")),
        false => error,
    })
}

/// The parts of a program with the names of their files: objects are read, sources opened by `open` and
/// compiled.
///
/// # Errors
/// How the command ends; why was printed.
pub fn parts<'a>(
    files: impl Iterator<Item = &'a PathBuf>,
    open: impl Fn(&Path, &mut Terminal) -> Result<Compilation, Exit>,
    terminal: &mut Terminal,
) -> Result<Vec<(String, Object)>, Exit> {
    let mut objects = Vec::new();
    for file in files {
        let object = match is_object(file) {
            true => read(file).map_err(|error| terminal.fail_with(error))?,
            false => open(file, terminal)?.part(terminal)?,
        };
        objects.push((files::shown(file), object));
    }
    Ok(objects)
}
