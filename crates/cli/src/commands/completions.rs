//! `bpfc completions SHELL`

use crate::args::Cli;
use crate::exit::Exit;
use crate::terminal::print_out;
use clap::CommandFactory;

/// Prints a completion script.
pub fn run(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bpfc", &mut script);
    print_out(&String::from_utf8_lossy(&script));
    Exit::Fine
}
