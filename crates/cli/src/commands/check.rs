//! `bpfc check FILE…`

use super::compilation::Compilation;
use super::link;
use crate::args::Check;
use crate::exit::Exit;
use crate::kernels;
use crate::terminal::Terminal;
use bpfc::{Object, TargetKernel, VerifyOptions};
use bpfc_base::Session;
use std::path::Path;

/// Reports what is wrong with each file.
pub fn run(args: &Check, terminal: &mut Terminal) -> Exit {
    let exit = if args.kernel.is_empty() {
        let each = args.files.iter().map(|file| check(file, args, terminal));
        each.fold(Exit::Fine, Exit::max)
    } else {
        check_all_for(args, terminal).unwrap_or_else(|exit| exit)
    };
    terminal.print_summary();
    exit
}

/// Checks each file against the kernels that were asked for.
fn check_all_for(args: &Check, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let kernels = kernels::select(&args.kernel, &args.compile.btf, terminal)?;
    let each = args.files.iter().map(|file| check_for(file, args, &kernels, terminal));
    Ok(each.fold(Exit::Fine, Exit::max))
}

fn check(file: &Path, args: &Check, terminal: &mut Terminal) -> Exit {
    if link::is_object(file) {
        let verify = |session: &mut Session, object: &Object| {
            bpfc::verify(session, object, &VerifyOptions::default());
        };
        return check_object(file, verify, terminal);
    }
    let mut compilation = match Compilation::open(file, &args.compile, terminal) {
        Ok(compilation) => compilation,
        Err(exit) => return exit,
    };
    if let Some(object) = compilation.compile() {
        bpfc::verify(&mut compilation.session, &object, &VerifyOptions::default());
    }
    compilation.report(terminal)
}

/// Checks an object file.
fn check_object(
    file: &Path,
    verify: impl FnOnce(&mut Session, &Object),
    terminal: &mut Terminal,
) -> Exit {
    let object = match link::read(file) {
        Ok(object) => object,
        Err(error) => return terminal.fail_with(error),
    };
    let mut session = Session::default();
    verify(&mut session, &object);
    let diagnostics = session.diagnostics.take();
    terminal.print(&session, &diagnostics);
    Exit::of(&diagnostics)
}

/// Checks a file against each of `kernels`.
fn check_for(file: &Path, args: &Check, kernels: &[TargetKernel], terminal: &mut Terminal) -> Exit {
    if link::is_object(file) {
        let verify = |session: &mut Session, object: &Object| {
            bpfc::check_kernels(session, object, kernels);
        };
        return check_object(file, verify, terminal);
    }
    match compile_for(file, args, kernels, terminal) {
        Ok((mut compilation, object)) => {
            if let Some(object) = object {
                bpfc::check_kernels(&mut compilation.session, &object, kernels);
            }
            compilation.report(terminal)
        }
        Err(exit) => exit,
    }
}

/// Compiles with the types of the newest kernel with which it compiles, so that what only an older one has is there;
/// then with those of kernels that were not asked about, so that the report tells what is lacking. If it compiles with
/// none, the newest of `kernels` says what is wrong.
fn compile_for(
    file: &Path,
    args: &Check,
    kernels: &[TargetKernel],
    terminal: &mut Terminal,
) -> Result<(Compilation, Option<Object>), Exit> {
    let asked = kernels.iter().rev().filter_map(|kernel| kernel.btf.clone());
    let others = bpfc_kernels::versions().into_iter().rev();
    let others = others.filter(|version| kernels.iter().all(|kernel| kernel.version != *version));
    let mut all = asked.chain(others.filter_map(bpfc_kernels::open));
    let mut try_next = |terminal: &mut Terminal| {
        let types = all.next()?;
        let opened = Compilation::open_with(file, &args.compile, Some(types), terminal);
        Some(opened.map(|mut compilation| {
            let object = compilation.compile();
            (compilation, object)
        }))
    };
    let first = try_next(terminal).expect("bpfc carries kernels")?;
    if first.1.is_some() {
        return Ok(first);
    }
    while let Some(next) = try_next(terminal) {
        let next = next?;
        if next.1.is_some() {
            return Ok(next);
        }
    }
    Ok(first)
}
