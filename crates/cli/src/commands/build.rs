//! `bpfc build FILE…`

use super::compilation::Compilation;
use super::{depend, link};
use crate::args::Build;
use crate::emit_arg::Emit;
use crate::exit::Exit;
use crate::files;
use crate::kernels;
use crate::terminal::{Terminal, print_err};
use bpfc::{Language, SkeletonOptions};
use bpfc_base::Session;
use std::path::{Path, PathBuf};

/// Compiles a file and writes the result.
pub fn run(args: &Build, terminal: &mut Terminal) -> Exit {
    let exit = build(args, terminal);
    terminal.print_summary();
    exit
}

fn build(args: &Build, terminal: &mut Terminal) -> Exit {
    if !args.others.is_empty() {
        return build_several(args, terminal).unwrap_or_else(|exit| exit);
    }
    let mut compilation = match open(args, &args.file, terminal) {
        Ok(compilation) => compilation,
        Err(exit) => return exit,
    };
    let result = match args.depend.dep_only {
        true => depend::only(&mut compilation),
        false => result(args, &mut compilation),
    };
    let exit = compilation.report(terminal);
    let (Some(bytes), Exit::Fine) = (result, exit) else {
        return exit;
    };
    let written = match &args.depend.depfile {
        Some(_) => depend::write(args, &output(args), &compilation),
        None => Ok(()),
    };
    if let Err(diagnostic) = written {
        return terminal.fail_with(diagnostic);
    }
    if args.depend.dep_only {
        return Exit::Fine;
    }
    match files::write(&output(args), &bytes) {
        Ok(()) => Exit::Fine,
        Err(diagnostic) => {
            terminal.fail(diagnostic);
            Exit::Environment
        }
    }
}

/// Compiles each file, links the objects, and writes the result.
fn build_several(args: &Build, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let depend = &args.depend;
    if stage(args).is_some() || depend.dep_only || depend.depfile.is_some() {
        print_err("error: of several files only an object or a skeleton can be made\n");
        return Err(Exit::Usage);
    }
    if args.output.is_none() && args.emit == Emit::Object {
        print_err("error: several files need `-o OUT`\n");
        return Err(Exit::Usage);
    }
    let files = std::iter::once(&args.file).chain(&args.others);
    let open = |file: &Path, terminal: &mut Terminal| open(args, file, terminal);
    let objects = link::parts(files, open, terminal)?;
    let mut session = Session::default();
    let joined = bpfc::join(&mut session, &objects);
    let bytes = joined.and_then(|object| bpfc::write_object(&mut session, &object));
    let result = bytes.and_then(|bytes| match args.emit {
        Emit::Skeleton(language) => skeleton(args, &mut session, &bytes, language),
        Emit::Object | Emit::Text(_) => Some(bytes),
    });
    let diagnostics = session.diagnostics.take();
    terminal.print(&session, &diagnostics);
    let bytes = result.ok_or_else(|| Exit::of(&diagnostics))?;
    files::write(&output(args), &bytes).map_err(|error| terminal.fail_with(error))?;
    Ok(Exit::Fine)
}

fn open(args: &Build, file: &Path, terminal: &mut Terminal) -> Result<Compilation, Exit> {
    match &args.kernel {
        None => Compilation::open(file, &args.compile, terminal),
        Some(kernel) => {
            let kernels = kernels::select(std::slice::from_ref(kernel), &[], terminal)?;
            let types = kernels.into_iter().rev().find_map(|kernel| kernel.btf);
            Compilation::open_with(file, &args.compile, types, terminal)
        }
    }
}

fn result(args: &Build, compilation: &mut Compilation) -> Option<Vec<u8>> {
    let Some(stage) = stage(args) else {
        let object = compilation.compile()?;
        compilation.prove(&object);
        let bytes = bpfc::write_object(&mut compilation.session, &object)?;
        return match args.emit {
            Emit::Skeleton(language) => skeleton(args, &mut compilation.session, &bytes, language),
            Emit::Object | Emit::Text(_) => Some(bytes),
        };
    };
    let Compilation { session, file, options, host, .. } = compilation;
    bpfc::emit(session, *file, options, host, stage).map(String::into_bytes)
}

/// The skeleton of an object of this source.
fn skeleton(
    args: &Build,
    session: &mut Session,
    bytes: &[u8],
    language: Language,
) -> Option<Vec<u8>> {
    let file = files::shown(&args.file);
    let (name, package) = super::skeleton::names(&file, &args.name, &args.package);
    let options = SkeletonOptions { language, name: &name, package: &package };
    match bpfc::skeleton(&file, bytes, &options) {
        Ok(text) => Some(text.into_bytes()),
        Err(diagnostic) => {
            session.report(diagnostic);
            None
        }
    }
}

/// The stage to print; `None` for an object or what is made of it.
fn stage(args: &Build) -> Option<bpfc::Emit> {
    match args.emit {
        _ if args.preprocess => Some(bpfc::Emit::Preprocessed),
        Emit::Text(stage) => Some(stage),
        Emit::Object | Emit::Skeleton(_) => None,
    }
}

/// Where the result goes: text to standard output, an object beside where the command runs,
/// as C compilers do.
fn output(args: &Build) -> PathBuf {
    if let Some(output) = &args.output {
        return output.clone();
    }
    let name = args.file.file_name();
    match (args.emit, name) {
        (Emit::Object, Some(name)) if args.file != Path::new("-") && !args.preprocess => {
            Path::new(name).with_extension("o")
        }
        _ => PathBuf::from("-"),
    }
}
