//! `bpfc features`

use crate::args::Features;
use crate::exit::Exit;
use crate::terminal::Terminal;

/// Shows what the running kernel can do.
pub fn run(_args: &Features, _terminal: &mut Terminal) -> Exit {
    Exit::Fine
}
