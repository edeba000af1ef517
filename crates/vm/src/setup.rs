//! From an object to a machine: maps, data, symbols, programs.

use crate::fault::Place;
use crate::machine::{Clock, Machine, Run, Trace};
use crate::maps::{By, MapError, Maps};
use crate::memory::{Memory, Region, Rights, address, region};
use crate::packet::put_u64;
use crate::program::{Program, ProgramTable, Symbols};
use crate::task::Task;
use crate::vm::{Mocks, Options, SetupError};
use bpfc_base::Idx;
use bpfc_isa::{Endian, Insn, SwapOp};
use bpfc_object::{DataReloc, DataTarget, ExternKind, Linked, MapInit, Object, link};
use std::sync::Arc;

/// Addresses of functions in data are no addresses of code: nothing calls them.
const FUNCTION_IN_DATA: u32 = 1 << 31;

/// Makes the machine for `object`.
pub(crate) fn machine(
    object: &Object,
    options: &Options,
) -> Result<(Machine, Symbols), SetupError> {
    let environment = options.environment.clone();
    let n_cpus = environment.n_cpus.max(1);
    let mut memory = Memory::default();
    memory.endian = object.endian;
    let mut maps = Maps::new(options.map_bytes, n_cpus, environment.cpu.min(n_cpus - 1));
    let mut symbols = Symbols::default();
    for (id, map) in object.maps.iter_enumerated() {
        maps.create(&mut memory, Some(id), map, &object.btf)?;
    }
    let n_object_maps = maps.len();
    create_data(object, &mut memory, &mut maps, &mut symbols)?;
    initialise(object, &mut memory, &mut maps)?;
    map_externs(object, options, &mut memory, &mut symbols);
    let task = Task::map(object, &environment, &mut memory);
    let clock = Clock::new(&environment);
    let machine = Machine {
        memory,
        maps,
        environment,
        clock,
        programs: Arc::new(link_programs(object, &symbols)),
        n_object_maps,
        frame_bytes: options.frame_bytes,
        trace: Trace { limit: options.n_traced, steps: Vec::new() },
        task,
        run: Run::default(),
        counter: options.counts.then(Box::default),
        bench: None,
        mocks: Mocks::default(),
    };
    Ok((machine, symbols))
}

/// A map for each data section, with its content.
fn create_data(
    object: &Object,
    memory: &mut Memory,
    maps: &mut Maps,
    symbols: &mut Symbols,
) -> Result<(), MapError> {
    for (id, section) in object.data.iter_enumerated() {
        // The kernel refuses values of no bytes; nothing refers to one.
        let mut map = section.as_map();
        map.value_size_bytes = map.value_size_bytes.max(1);
        let idx = maps.create(memory, None, &map, &object.btf)?;
        symbols.data.insert(id, maps.get(idx).value_address(0, 0));
    }
    for (id, section) in object.data.iter_enumerated() {
        let mut content = section.content();
        for reloc in &section.relocs {
            put_u64(memory.endian, &mut content, reloc.offset, target(reloc, symbols));
        }
        let idx = object.maps.len() as u32 + id.index() as u32;
        maps.get(idx).initialise(memory, &content);
    }
    Ok(())
}

fn target(reloc: &DataReloc, symbols: &Symbols) -> u64 {
    match reloc.target {
        DataTarget::Data { section, offset } => {
            let base = symbols.data.get(&section).copied().unwrap_or(0);
            base + u64::from(offset)
        }
        DataTarget::Map(map) => address(region::MAP_HANDLE, map.index() as u32),
        DataTarget::Func(func) => address(region::CODE, FUNCTION_IN_DATA | func.index() as u32),
    }
}

/// First values of maps of maps and of programs.
fn initialise(object: &Object, memory: &mut Memory, maps: &mut Maps) -> Result<(), MapError> {
    for (id, map) in object.maps.iter_enumerated() {
        for &(index, init) in &map.values {
            let bad = |problem| MapError::BadInit { map: map.name.clone(), index, problem };
            let number = match init {
                MapInit::Map(inner) if inner.index() < object.maps.len() => inner.index(),
                MapInit::Program(func) if func.index() < object.functions.len() => func.index(),
                _ => return Err(bad("names nothing in the object")),
            };
            if (map.key_size_bytes, map.value_size_bytes) != (4, 4) {
                return Err(bad("does not fit the map"));
            }
            let value = memory.endian.u32_bytes(number as u32 + 1);
            let key = memory.endian.u32_bytes(index);
            let idx = id.index() as u32;
            maps.update(memory, idx, &key, &value, 0, By::User)
                .map_err(|_| bad("does not fit the map"))?;
        }
    }
    Ok(())
}

/// `.kconfig`, and what other symbols of the kernel stand for.
fn map_externs(object: &Object, options: &Options, memory: &mut Memory, symbols: &mut Symbols) {
    let mut values = Vec::new();
    for (id, symbol) in object.externs.iter_enumerated() {
        let result = match symbol.kind {
            ExternKind::Kconfig { size_bytes } => {
                let at = values.len() as u32;
                let value = options.environment.kconfig_value(&symbol.name);
                let n_bytes = (size_bytes.min(1 << 16) as usize).next_multiple_of(8);
                values.resize(values.len() + n_bytes, 0);
                put_u64(memory.endian, &mut values, at, value);
                Ok(address(region::KCONFIG, at))
            }
            ExternKind::Ksym | ExternKind::Kfunc if symbol.is_weak => Ok(0),
            ExternKind::Func | ExternKind::Variable | ExternKind::Map => {
                Err(format!("the {} `{}` of another object", symbol.kind.noun(), symbol.name))
            }
            ExternKind::Ksym => Err(format!("the kernel variable `{}`", symbol.name)),
            ExternKind::Kfunc => Err(format!("the kernel function `{}`", symbol.name)),
        };
        symbols.externs.insert(id, result);
    }
    let mut kconfig = Region::new(Place::Kconfig, values);
    kconfig.rights = Rights::ReadOnly;
    memory.map(region::KCONFIG, kconfig);
}

/// The engines take conversions of byte order as a little-endian machine does: what a big-endian
/// one leaves alone or swaps is the other way round.
fn in_native_terms(mut linked: Linked, endian: Endian) -> Linked {
    if endian == Endian::Big {
        for insn in &mut linked.insns {
            if let Insn::ByteSwap { op, .. } = &mut insn.insn {
                *op = match op {
                    SwapOp::Le => SwapOp::Be,
                    SwapOp::Be => SwapOp::Le,
                    SwapOp::Swap => SwapOp::Swap,
                };
            }
        }
    }
    linked
}

fn link_programs(object: &Object, symbols: &Symbols) -> ProgramTable {
    let programs = object.programs().map(|(id, _)| {
        let program = link(object, id)
            .map(|linked| in_native_terms(linked, object.endian))
            .map(|linked| Arc::new(Program::new(linked, symbols)))
            .map_err(|error| error.to_string());
        (id, program)
    });
    ProgramTable { programs: programs.collect() }
}
