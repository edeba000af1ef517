//! Engines: ways to execute a program on a [`Machine`].

pub(crate) mod rbpf;
pub(crate) mod reference;

use crate::fault::Trap;
use crate::machine::Machine;
use crate::program::Program;
use std::sync::Arc;

/// What registers hold that nothing has defined: `r1` to `r5` after a call, and all but `r1` and
/// `r10` when a program starts. The kernel leaves anything there, and its verifier refuses to read it;
/// a number that is easy to recognise makes a compiler that reads it visible.
pub(crate) const POISON: i32 = 0xdead_beefu32 as i32;

/// Executes programs. Engines own nothing: all state is in the machine.
pub(crate) trait Engine {
    /// Its name for users.
    fn name(&self) -> &'static str;

    /// Runs `program` from its start with `ctx` in `r1`; the value in `r0` at its end.
    ///
    /// # Errors
    /// The fault; its place is then in [`Run::location`](crate::machine::Run).
    fn run(&self, machine: &mut Machine, program: &Arc<Program>, ctx: u64) -> Result<u64, Trap>;
}

/// The way back from a helper into the program.
pub(crate) trait Callbacks {
    /// Calls the function of the running program whose address is `function`.
    fn call(&mut self, machine: &mut Machine, function: u64, args: [u64; 5]) -> Result<u64, Trap>;
}
