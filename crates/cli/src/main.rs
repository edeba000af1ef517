//! The `bpfc` command: files, terminal and exit statuses around the library.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod exit;
mod files;
mod host;
mod terminal;

use args::{Cli, Command};
use clap::Parser;
use std::process::ExitCode;
use terminal::Terminal;

fn main() -> ExitCode {
    let cli = Cli::parse_from(args::from_env());
    let mut terminal = Terminal::new(cli.color, cli.message_format);
    let exit = match cli.command {
        Command::Check(args) => commands::check::run(&args, &mut terminal),
        Command::Build(args) => commands::build::run(&args, &mut terminal),
        Command::Run(args) => commands::run::run(&args, &mut terminal),
        Command::Explain(args) => commands::explain::run(&args, &mut terminal),
        Command::Features(args) => commands::features::run(&args, &mut terminal),
        Command::Disasm(args) => commands::disasm::run(&args, &mut terminal),
        Command::Completions { shell } => commands::completions::run(shell),
        Command::Man { folder } => commands::man::run(&folder, &mut terminal),
    };
    terminal.finish();
    ExitCode::from(exit as u8)
}
