//! The second engine: rbpf 0.4.1 on a legalised program.
//!
//! [`legalise`] rewrites a program so that rbpf executes only what it gets right, [`runtime`] is what
//! the rewritten program calls for the rest. rbpf's helpers are plain functions, so the machine is in a
//! thread-local while rbpf runs. Callbacks and tail calls are nested runs.

mod emit;
mod legalise;
mod runtime;
mod step;

use super::{Callbacks, Engine, POISON};
use crate::fault::{FaultKind, Trap};
use crate::machine::Machine;
use crate::program::Program;
use bpfc_object::Linked;
use legalise::{Image, legalise};
use rbpf::EbpfVmNoData;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

/// The name for users.
const NAME: &str = "rbpf";

/// rbpf.
pub(crate) struct Rbpf;

/// The code of each function of a program, made when it is first run: of the program itself, or of a
/// callback.
#[derive(Clone, Debug, Default)]
pub(crate) struct Images(BTreeMap<u32, OnceLock<Result<Image, String>>>);

impl Images {
    /// Nothing yet for the functions of `linked`.
    pub fn new(linked: &Linked) -> Images {
        let starts = linked.subprogs.iter().map(|subprog| subprog.start);
        Images(starts.map(|start| (start, OnceLock::new())).collect())
    }
}

/// The code of the function of `program` that starts at step `start`.
fn image(program: &Program, start: u32) -> Result<&Image, Trap> {
    let image = match program.rbpf.0.get(&start) {
        Some(image) => image.get_or_init(|| legalise(program, start)),
        None => return Err(FaultKind::bad_instruction("a function that does not exist")),
    };
    image.as_ref().map_err(|reason| {
        Box::new(FaultKind::NotExpressible { engine: NAME, reason: reason.clone() })
    })
}

/// What rbpf and we say if something is wrong with the code itself.
fn broken(detail: impl Debug) -> Trap {
    Box::new(FaultKind::Engine { engine: NAME, detail: format!("{detail:?}") })
}

/// rbpf with the code of `image`.
fn interpreter(image: &Image) -> Result<EbpfVmNoData<'_>, Trap> {
    let mut vm = EbpfVmNoData::new(None).map_err(broken)?;
    vm.set_stack_usage_calculator(|_, _, _| emit::SCRATCH_BYTES, Box::new(())).map_err(broken)?;
    vm.set_program(&image.bytes).map_err(broken)?;
    for (number, function) in runtime::FUNCTIONS {
        vm.register_helper(*number, *function).map_err(broken)?;
    }
    Ok(vm)
}

impl Engine for Rbpf {
    fn name(&self) -> &'static str {
        NAME
    }

    fn run(&self, machine: &mut Machine, program: &Arc<Program>, ctx: u64) -> Result<u64, Trap> {
        run_program(machine, program, ctx)
    }
}

/// Runs a program from its start.
fn run_program(machine: &mut Machine, program: &Arc<Program>, ctx: u64) -> Result<u64, Trap> {
    let image = image(program, 0)?;
    let vm = interpreter(image)?;
    let mut args = [i64::from(POISON) as u64; 5];
    args[0] = ctx;
    runtime::execute(machine, program, image, &vm, args)
}

/// Functions of `program`, called from a helper. What rbpf needs for one is made once per helper call.
struct Callee<'a> {
    program: &'a Arc<Program>,
    known: BTreeMap<u32, (&'a Image, EbpfVmNoData<'a>)>,
}

impl Callbacks for Callee<'_> {
    fn call(&mut self, machine: &mut Machine, function: u64, args: [u64; 5]) -> Result<u64, Trap> {
        let start = machine.callback_start(self.program, function)?;
        if !self.known.contains_key(&start) {
            let image = image(self.program, start)?;
            self.known.insert(start, (image, interpreter(image)?));
        }
        let (image, vm) = &self.known[&start];
        runtime::execute(machine, self.program, image, vm, args)
    }
}
