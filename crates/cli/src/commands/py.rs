//! `bpfc py SCRIPT`: scripts for BCC on the Python package of bpfc.

use crate::args::Py;
use crate::exit::Exit;
use crate::files;
use crate::terminal::Terminal;
use bpfc_base::{Diagnostic, codes};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Starts the package's own way to run scripts; tells it from a missing package by the exit status of `ENVIRONMENT`.
const START: &str = "\
import sys
try:
    from bpfc.__main__ import main
except ImportError as error:
    print(f'error: this Python has no package bpfc: {error}', file=sys.stderr)
    print('help: install it: `pip install .` in the source folder of bpfc, or a wheel of it', file=sys.stderr)
    sys.exit(3)
sys.exit(main(sys.argv[1:]))
";

/// Runs the command: becomes the interpreter.
pub fn run(args: &Py, terminal: &mut Terminal) -> Exit {
    let interpreter = args.python.clone().unwrap_or_else(|| "python3".into());
    let mut command = Command::new(&interpreter);
    let error = command.arg("-c").arg(START).arg(&args.script).args(&args.args).exec();
    let why = files::plain(&error);
    let message = format!("cannot run `{}`: {why}", interpreter.display());
    let diagnostic = Diagnostic::without_span(codes::load::E0912, message);
    terminal.fail(diagnostic.with_help("install Python 3, or say where it is: --python PATH"));
    Exit::Environment
}
