//! `bpfc run --kernel`.

use super::Ready;
use crate::args::Run;
use crate::exit::Exit;
use crate::terminal::Terminal;

/// Loads and attaches.
pub fn run(_ready: &Ready, _args: &Run, _terminal: &mut Terminal) -> Exit {
    Exit::Environment
}
