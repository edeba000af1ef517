//! `bpfc check FILE…`

use super::compilation::Compilation;
use crate::args::Check;
use crate::exit::Exit;
use crate::terminal::Terminal;
use bpfc::VerifyOptions;
use std::path::Path;

/// Reports what is wrong with each file.
pub fn run(args: &Check, terminal: &mut Terminal) -> Exit {
    let each = args.files.iter().map(|file| check(file, args, terminal));
    let exit = each.fold(Exit::Fine, Exit::max);
    terminal.print_summary();
    exit
}

fn check(file: &Path, args: &Check, terminal: &mut Terminal) -> Exit {
    let mut compilation = match Compilation::open(file, &args.compile, terminal) {
        Ok(compilation) => compilation,
        Err(exit) => return exit,
    };
    if let Some(object) = compilation.compile() {
        bpfc::verify(&mut compilation.session, &object, &VerifyOptions::default());
    }
    compilation.report(terminal)
}
