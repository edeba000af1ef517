//! From an object to maps and programs in the kernel.

pub(crate) mod externs;
pub(crate) mod kind;
pub(crate) mod kinds;
mod patch;
mod prepared;
pub(crate) mod program;
pub(crate) mod replaced;
mod shared;
mod struct_ops;
mod types;

use crate::kernel::Kernel;
use crate::map::{Map, MapTypes};
use crate::program::Program;
use crate::sys::map::{Create, create};
use crate::{Errno, LoadError};
use bpfc_base::{Idx, IndexVec, Span};
use bpfc_btf::{Btf, TypeId};
use bpfc_kabi::{ProgType, UpdateFlag};
use bpfc_object::{
    DataId, DataSection, FuncId, Linked, MapId, MapInit, MapRole, Object, Pinning, link,
};
use kind::ProgKind;
use prepared::Order;
pub use prepared::Prepared;
use program::LogLevel;
pub use shared::Shape;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
pub use struct_ops::StructOps;
use types::KernelTypes;

/// How to load an object.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Programs to load as something else than their sections say, to be attached elsewhere.
    pub kinds: Vec<(FuncId, ProgKind)>,
    /// Only these programs; all that are not marked with `?` if there are none.
    pub programs: Option<Vec<FuncId>>,
    /// What the verifier shall tell of programs that it accepts.
    pub log: LogLevel,
    /// Where maps that are pinned by name are.
    pub pin_folder: PathBuf,
    /// `prog_flags` (`BPF_F_…`) beside those that the section stands for.
    pub prog_flags: u32,
    /// Maps that are there already, to use in place of new ones: those of another object, or of its owner.
    pub maps: Vec<(MapId, Arc<Map>)>,
}

impl Default for LoadOptions {
    fn default() -> LoadOptions {
        LoadOptions {
            kinds: Vec::new(),
            programs: None,
            log: LogLevel::None,
            pin_folder: PathBuf::from("/sys/fs/bpf"),
            prog_flags: 0,
            maps: Vec::new(),
        }
    }
}

/// An object in the kernel. Dropping it gives everything back that is not attached or pinned.
#[derive(Debug)]
pub struct Loaded {
    /// Its maps.
    pub maps: IndexVec<MapId, Map>,
    /// Its data sections as maps; `None` for empty ones.
    pub data: IndexVec<DataId, Option<Map>>,
    /// Its programs, in the order of the object.
    pub programs: Vec<Program>,
    /// Its structs of operations, which are not registered yet.
    pub struct_ops: Vec<StructOps>,
    /// What the kernel said to the object's BTF if it did not take it: programs then have no
    /// source lines in the kernel, maps no types.
    pub btf_complaint: Option<String>,
}

impl Loaded {
    /// The map with this name.
    pub fn map(&self, name: &str) -> Option<&Map> {
        self.maps.iter().find(|map| map.name() == name)
    }

    /// The program with this name.
    pub fn program(&self, name: &str) -> Option<&Program> {
        self.programs.iter().find(|program| program.name() == name)
    }
}

/// Loads an object: its types, its maps with their first content, its programs.
///
/// # Errors
/// [`LoadError`]; what was loaded before is given back.
pub fn load(object: &Object, kernel: &Kernel, options: &LoadOptions) -> Result<Loaded, LoadError> {
    let chosen = choose(object, options)?;
    let linked =
        chosen.iter().map(|(func, _)| link(object, *func)).collect::<Result<Vec<Linked>, _>>()?;
    let mut prepared = Prepared::new(object, kernel, options, &linked)?;
    let plans = match chosen.iter().any(|(_, kind)| kind.prog_type == ProgType::StructOps) {
        true => struct_ops::plan(object, prepared.local.as_ref(), kernel)?,
        false => Vec::new(),
    };
    let local = prepared.local.take();
    let mut target = local.as_ref().and_then(|local| prepared::target(local, kernel));
    let mut programs = Vec::with_capacity(linked.len());
    for (linked, (func, kind)) in linked.into_iter().zip(chosen) {
        let operation = plans.iter().find_map(|plan| {
            let (_, member, _) = plan.functions.iter().find(|(other, ..)| *other == func)?;
            Some((plan.ty.0, *member))
        });
        let order = Order { linked, kind, options, operation };
        programs.push(prepared.load_one(object, kernel, order, target.as_mut())?);
    }
    fill_program_arrays(object, &prepared.maps, &programs)?;
    let mut struct_ops = Vec::new();
    for plan in plans {
        let fd = prepared.types.fd.as_ref().map(AsFd::as_fd);
        struct_ops.extend(plan.create(&programs, fd, kernel)?);
    }
    prepared.keep();
    let Prepared { maps, data, mut types, .. } = prepared;
    Ok(Loaded { maps, data, programs, struct_ops, btf_complaint: types.complaint.take() })
}

/// Creates a map, if need be after raising the limit of locked memory.
fn create_only(request: &Create<'_>) -> Result<OwnedFd, Errno> {
    match create(request) {
        Err(Errno::EPERM) if crate::limits::raise_locked_memory() => create(request),
        outcome => outcome,
    }
}

fn unsupported(subject: impl Into<String>, what: impl Into<String>) -> LoadError {
    LoadError::Unsupported { subject: subject.into(), what: what.into(), span: Span::NONE }
}

fn check_endian(object: &Object) -> Result<(), LoadError> {
    if object.endian == bpfc_isa::Endian::NATIVE {
        return Ok(());
    }
    Err(unsupported("the object", "it was made for machines of the other byte order"))
}

/// The programs to load, and as what.
fn choose(object: &Object, options: &LoadOptions) -> Result<Vec<(FuncId, ProgKind)>, LoadError> {
    let mut chosen = Vec::new();
    for (func, function) in object.functions.iter_enumerated() {
        let given = options.kinds.iter().find(|(id, _)| *id == func);
        let declared = function.is_program().then(|| ProgKind::of(function)).flatten();
        let kind = given.map(|(_, kind)| kind.clone()).or(declared);
        let is_wanted = match &options.programs {
            Some(wanted) => wanted.contains(&func),
            None => {
                let is_autoload = kind.as_ref().is_none_or(|kind| kind.is_autoload);
                given.is_some() || function.is_program() && is_autoload
            }
        };
        if !is_wanted {
            continue;
        }
        match kind {
            Some(kind) => chosen.push((func, kind)),
            None => {
                return Err(LoadError::Unsupported {
                    subject: format!("program `{}`", function.name),
                    what: format!("section `{}` stands for no program type", function.section),
                    span: function.span,
                });
            }
        }
    }
    Ok(chosen)
}

/// The object's types as the CO-RE matcher reads them.
fn local_types(object: &Object) -> Result<Option<Btf>, LoadError> {
    if object.btf.n_types() == 0 {
        return Ok(None);
    }
    let btf = object.open_btf();
    btf.map(Some).map_err(|error| unsupported("the object", error.to_string()))
}

/// Creates every map, shared ones where they are pinned, and fills maps of maps.
fn create_maps(
    object: &Object,
    kernel: &Kernel,
    options: &LoadOptions,
    types: &KernelTypes,
    pins: &mut shared::Pins,
) -> Result<IndexVec<MapId, Map>, LoadError> {
    let mut maps = IndexVec::new();
    for (id, definition) in object.maps.iter_enumerated() {
        let (own, inner) = types.of_map(id);
        let own = own.or(inner.map(|_| (TypeId::VOID, TypeId::VOID)));
        let map_types = types.fd.as_ref().zip(own).map(|(fd, (key, value))| MapTypes {
            btf: fd.as_fd(),
            key: key.0,
            value: value.0,
            inner: inner.map(|(key, value)| (key.0, value.0)),
        });
        let path = match (&definition.pin_path, definition.pinning) {
            (Some(path), _) => Some(PathBuf::from(path)),
            (None, Pinning::ByName) => Some(options.pin_folder.join(&definition.name)),
            (None, Pinning::None) => None,
        };
        let given = options.maps.iter().find(|(given, _)| *given == id);
        if given.is_none() && definition.role == MapRole::Extern {
            let subject = format!("map `{}`", definition.name);
            return Err(unsupported(subject, "it is of another program, and was not given"));
        }
        let map = match (given, path) {
            (Some((_, map)), _) => map.try_clone()?.named(definition.name.clone()),
            (None, None) => Map::create_with(definition, kernel, map_types)?,
            (None, Some(path)) => {
                shared::open_or_create(definition, kernel, map_types, path, pins)?
            }
        };
        maps.push(map);
    }
    for (id, definition) in object.maps.iter_enumerated() {
        for (key, value) in &definition.values {
            if let MapInit::Map(inner) = value
                && inner.index() < maps.len()
            {
                maps[id].insert(&key.to_ne_bytes(), maps[*inner].as_fd())?;
            }
        }
    }
    Ok(maps)
}

/// Creates the maps of data sections, writes their content, freezes the constant ones.
fn create_data(
    object: &Object,
    kernel: &Kernel,
    types: &KernelTypes,
    programs: &[Linked],
) -> Result<IndexVec<DataId, Option<Map>>, LoadError> {
    let mut maps = IndexVec::new();
    for (id, section) in object.data.iter_enumerated() {
        let is_used = || {
            let mut insns = programs.iter().flat_map(|linked| &linked.insns);
            insns.any(|insn| match insn.reference {
                Some(bpfc_object::Reference::Data { section, .. }) => section == id,
                _ => false,
            })
        };
        let is_loadable = section.relocs.is_empty();
        let is_operations = struct_ops::is_link(&section.name).is_some();
        if is_operations || section.size_bytes == 0 || !is_loadable && !is_used() {
            maps.push(None);
        } else if is_loadable {
            maps.push(Some(data_map(section, kernel, types)?));
        } else {
            return Err(unsupported(
                format!("section `{}`", section.name),
                "it holds addresses, which the kernel cannot fill in",
            ));
        }
    }
    Ok(maps)
}

fn data_map(section: &DataSection, kernel: &Kernel, types: &KernelTypes) -> Result<Map, LoadError> {
    let value = types.data_section(&section.name);
    // The kernel takes a section for the value's type, with void as the key's.
    let map_types = types.fd.as_ref().zip(value).map(|(fd, value)| MapTypes {
        btf: fd.as_fd(),
        key: 0,
        value: value.0,
        inner: None,
    });
    let map = Map::create_with(&section.as_map(), kernel, map_types)?;
    map.update(&0_u32.to_ne_bytes(), &section.content(), UpdateFlag::Any)?;
    if section.is_read_only() {
        freeze(&map)?;
    }
    Ok(map)
}

/// Freezes a map, where the kernel can (5.2); an older one treats its content as variable.
fn freeze(map: &Map) -> Result<(), LoadError> {
    match map.freeze() {
        Err(error) if error.errno().is_some_and(|errno| errno.is_unsupported()) => Ok(()),
        outcome => outcome,
    }
}

fn kconfig_map(content: Vec<u8>, kernel: &Kernel) -> Result<Option<Map>, LoadError> {
    if content.is_empty() {
        return Ok(None);
    }
    let section = DataSection {
        size_bytes: content.len() as u32,
        bytes: content,
        ..DataSection::new(".kconfig", bpfc_object::DataKind::ReadOnly)
    };
    data_map(&section, kernel, &KernelTypes::default()).map(Some)
}

/// Puts programs into the slots that the object gives them. Programs that were not loaded leave
/// theirs empty.
fn fill_program_arrays(
    object: &Object,
    maps: &IndexVec<MapId, Map>,
    programs: &[Program],
) -> Result<(), LoadError> {
    for (id, definition) in object.maps.iter_enumerated() {
        for (key, value) in &definition.values {
            let MapInit::Program(func) = value else {
                continue;
            };
            if let Some(program) = programs.iter().find(|program| program.func() == *func) {
                maps[id].insert(&key.to_ne_bytes(), program.as_fd())?;
            }
        }
    }
    Ok(())
}
