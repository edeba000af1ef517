//! `bpfc run FILE`

use crate::args::Run;
use crate::exit::Exit;
use crate::terminal::Terminal;

/// Runs a program.
pub fn run(_args: &Run, _terminal: &mut Terminal) -> Exit {
    Exit::Fine
}
