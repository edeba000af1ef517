//! The `bpfc` command: files, terminal and exit statuses around the library.

#![forbid(unsafe_code)]

mod args;
mod btf_file;
mod bug;
mod clang_args;
mod commands;
mod cpu_arg;
mod emit_arg;
mod exit;
mod files;
mod host;
mod kernels;
mod remarks;
mod terminal;

use args::{Cli, Command, MessageFormat};
use clap::{CommandFactory, FromArgMatches};
use exit::Exit;
use std::process::ExitCode;
use terminal::Terminal;

/// Status of a run that ended in a bug of bpfc, as of every Rust program that panics.
const BUG: u8 = 101;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_bug));
    std::panic::catch_unwind(|| match clang_args::from_env() {
        Ok(command) => run(command),
        Err(exit) => ExitCode::from(exit as u8),
    })
    .unwrap_or(ExitCode::from(BUG))
}

/// A panic is a bug of bpfc: says so, and what a report needs.
fn report_bug(panic: &std::panic::PanicHookInfo<'_>) {
    terminal::print_err(&format!(
        "error: internal error: {panic}\n\
         note: this is a bug of bpfc {}, not of your program\n\
         help: please report it with the source and the command\n",
        env!("CARGO_PKG_VERSION"),
    ));
    if cfg!(panic = "abort") {
        std::process::exit(i32::from(BUG));
    }
}

fn run(clang_args::CommandLine { args, mut notes }: clang_args::CommandLine) -> ExitCode {
    // `bpfc run --version` is the version of bpfc.
    let command = Cli::command().mut_subcommands(|command| command.display_name("bpfc"));
    let matches = command.get_matches_from(args);
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    if cli.format == MessageFormat::Junit && !matches!(cli.command, Command::Test(_)) {
        terminal::print_err("error: `--format junit` is for `bpfc test`\n");
        return ExitCode::from(Exit::Usage as u8);
    }
    let mut terminal = Terminal::new(cli.color, cli.format, cli.error_limit);
    terminal.note_options(std::mem::take(&mut notes));
    let exit = match cli.command {
        Command::Check(args) => commands::check::run(&args, &mut terminal),
        Command::Build(args) => commands::build::run(&args, &mut terminal),
        Command::Link(args) => commands::link::run(&args, &mut terminal),
        Command::Cc { .. } => Exit::Usage,
        Command::Run(args) => commands::run::run(&args, &mut terminal),
        Command::Test(args) => commands::test::run(&args, &mut terminal),
        Command::Prog(args) => commands::prog::run(&args, &mut terminal),
        Command::Map(args) => commands::map::run(&args, &mut terminal),
        Command::Py(args) => commands::py::run(&args, &mut terminal),
        Command::Explain(args) => commands::explain::run(&args, &mut terminal),
        Command::ExplainLog(args) => commands::explain_log::run(&args, &mut terminal),
        Command::Trace(args) => commands::trace::run(&args, &mut terminal),
        Command::Cleanup(args) => commands::cleanup::run(&args, &mut terminal),
        Command::Features(args) => commands::features::run(&args, &mut terminal),
        Command::Convert(args) => commands::convert::run(&args, &mut terminal),
        Command::Disasm(args) => commands::disasm::run(&args, &mut terminal),
        Command::Skeleton(args) => commands::skeleton::run(&args, &mut terminal),
        Command::Completions { shell } => commands::completions::run(shell),
        Command::Man { folder } => commands::man::run(&folder, &mut terminal),
    };
    terminal.finish();
    ExitCode::from(exit as u8)
}
