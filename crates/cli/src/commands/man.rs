//! `bpfc man FOLDER`

use crate::args::Cli;
use crate::exit::Exit;
use crate::files;
use crate::terminal::Terminal;
use bpfc_base::{Diagnostic, codes};
use clap::CommandFactory;
use std::path::Path;

/// Writes `bpfc.1` and a page for each subcommand.
pub fn run(folder: &Path, terminal: &mut Terminal) -> Exit {
    match clap_mangen::generate_to(Cli::command(), folder) {
        Ok(()) => Exit::Fine,
        Err(error) => {
            let why = files::plain(&error);
            let message = format!("cannot write man pages to `{}`: {why}", folder.display());
            terminal.fail(Diagnostic::without_span(codes::load::E0912, message));
            Exit::Environment
        }
    }
}
