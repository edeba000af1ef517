//! The reference interpreter: the whole instruction set, written to be obviously right.
//!
//! Programs are translated once into fixed-size operations ([`code`]) and executed by one loop
//! ([`exec`]). Every operation costs one unit of fuel.

mod code;
mod exec;

use super::{Callbacks, Engine, POISON};
use crate::fault::Trap;
use crate::machine::Machine;
use crate::memory::region;
use crate::program::Program;
use code::Op;
use std::sync::{Arc, OnceLock};

/// The reference interpreter.
pub(crate) struct Reference;

/// A program's operations, made when it first runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Translation(OnceLock<Vec<Op>>);

impl Translation {
    fn ops(&self, program: &Program) -> &[Op] {
        self.0.get_or_init(|| code::translate(program))
    }
}

impl Engine for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn run(&self, machine: &mut Machine, program: &Arc<Program>, ctx: u64) -> Result<u64, Trap> {
        let poison = i64::from(POISON) as u64;
        let mut regs = [poison; 16];
        regs[1] = ctx;
        exec::execute(machine, program, 0, regs)
    }
}

/// Functions of `program`, called from a helper.
struct Callee<'a> {
    program: &'a Arc<Program>,
}

impl Callbacks for Callee<'_> {
    fn call(&mut self, machine: &mut Machine, function: u64, args: [u64; 5]) -> Result<u64, Trap> {
        let start = machine.callback_start(self.program, function)?;
        let poison = i64::from(POISON) as u64;
        let mut regs = [poison; 16];
        regs[1..6].copy_from_slice(&args);
        exec::execute(machine, self.program, start, regs)
    }
}

const _: () = assert!(region::STACK > 0, "a frame pointer is never null");
