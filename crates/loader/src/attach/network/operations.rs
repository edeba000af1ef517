//! Programs that stand in for functions, and such that only run: structs of operations, functions of other programs,
//! `syscall`.

use super::super::link::{Held, Link};
use super::super::{NetworkSpec, REFUSES, refused, refused_by};
use super::Surroundings;
use crate::leftover::{Place, Record};
use crate::load::StructOps;
use crate::mechanism::Mechanism;
use crate::program::{Program, TestInput};
use crate::sys::bpf;
use crate::sys::place::{Extra, link_create};
use crate::{Errno, LoadError};
use bpfc_kabi::{AttachType, UpdateFlag};
use std::os::fd::AsFd;

/// Registers the struct that names a program, when its first program is attached.
pub(super) fn attach(
    program: &Program,
    spec: &NetworkSpec,
    around: Surroundings<'_>,
) -> Result<Link, LoadError> {
    let structs = around.loaded.iter().flat_map(|loaded| &loaded.struct_ops);
    let mut found = structs.filter(|ops| ops.programs.contains(&program.func()));
    let Some(ops) = found.next() else {
        let reason = "no struct of operations of this object names it";
        return Err(refused(program, &spec.to_string(), reason, None));
    };
    let text = format!("struct_ops:{}", ops.name);
    if ops.programs.first() != Some(&program.func()) {
        return Ok(Link::new(program.name(), text, Held::Nothing));
    }
    match register(ops) {
        Ok(held) => Ok(Link::new(program.name(), text, held)),
        Err(errno) => {
            let reason = match errno {
                Errno::EEXIST | Errno::EBUSY => {
                    format!("a `{}` of this name is registered already", ops.struct_name)
                }
                Errno::EINVAL => format!(
                    "the kernel does not take this `{}`: a function that it needs or its name may be missing",
                    ops.struct_name
                ),
                _ => REFUSES.into(),
            };
            let mechanism =
                if ops.has_link { Mechanism::StructOpsLink } else { Mechanism::StructOps };
            Err(refused_by(program, &text, Some(mechanism), reason, errno))
        }
    }
}

fn register(ops: &StructOps) -> Result<Held, Errno> {
    let key = 0_u32.to_ne_bytes();
    let update = || {
        let outcome = ops.map.update(&key, &ops.value, UpdateFlag::Any);
        outcome.map_err(|error| error.errno().unwrap_or(Errno::EINVAL))
    };
    if ops.has_link {
        match update() {
            // What was filled in once can be registered again.
            Ok(()) | Err(Errno::EBUSY) => {}
            Err(errno) => return Err(errno),
        }
        let number = AttachType::StructOps.number();
        return link_create(ops.map.as_fd(), 0, number, 0, Extra::Nothing).map(Held::Link);
    }
    let map_id = bpf::map_info(&ops.map.as_fd())?.id;
    let record = Record::write(&Place::StructOps { map_id });
    update()?;
    let fd = ops.map.as_fd().try_clone_to_owned().map_err(|error| Errno::from(&error))?;
    Ok(Held::Operations { map: fd, record })
}

/// Puts a program in the place of the function for which it was loaded.
pub(super) fn replace(program: &Program, spec: &NetworkSpec) -> Result<Link, LoadError> {
    let text = spec.to_string();
    match bpf::raw_tracepoint_open(program.as_fd(), None) {
        Ok(link) => Ok(Link::new(program.name(), text, Held::Link(link))),
        Err(errno) => Err(refused(program, &text, REFUSES, errno)),
    }
}

/// Runs a program once, without a context.
pub(super) fn run(program: &Program, spec: &NetworkSpec) -> Result<Link, LoadError> {
    let text = spec.to_string();
    match program.test_run(&TestInput::default()) {
        Ok(output) => {
            let text = format!("{text} (returned {})", output.retval.cast_signed());
            Ok(Link::new(program.name(), text, Held::Nothing))
        }
        Err(error) => {
            let reason = match error.errno() {
                Some(Errno::EINVAL) => "it needs a context, which only a program can give it",
                _ => REFUSES,
            };
            Err(refused(program, &text, reason, error.errno()))
        }
    }
}
