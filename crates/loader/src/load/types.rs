//! The object's BTF made fit for the running kernel, and loaded.
//!
//! Requires: an object. Ensures: ids of `Object::btf` mean the same in the loaded blob, whatever
//! the kernel's age; only kinds of types it does not know are replaced by ones of equal size.

use super::kinds::{self, Kinds};
use crate::sys::bpf::btf_load;
use bpfc_base::Idx;
use bpfc_btf::{BtfBuilder, Endian, IntEncoding, StrOff, TypeDef, TypeId};
use bpfc_kabi::MapType;
use bpfc_object::{Linked, Map, MapId, Object};
use std::os::fd::OwnedFd;

/// The loaded blob, or what is left without one.
#[derive(Debug, Default)]
pub(crate) struct KernelTypes {
    /// `None` if the object has no BTF or the kernel takes none.
    pub fd: Option<OwnedFd>,
    /// What the kernel said to the BTF that it did not take.
    pub complaint: Option<String>,
    builder: BtfBuilder,
    /// For each map the types of key and value that the kernel takes.
    map_types: Vec<TypesOfMap>,
    /// Whether functions have an id that the kernel takes.
    pub has_functions: bool,
}

/// Types of a map's key and value, and those of its inner map.
pub(super) type TypesOfMap = (Option<(TypeId, TypeId)>, Option<(TypeId, TypeId)>);

/// Loads the types of an object, with the strings that the source lines of `programs` need.
pub(super) fn load(object: &Object, programs: &[Linked]) -> KernelTypes {
    let mut types = KernelTypes::default();
    if object.btf.n_types() == 0 {
        return types;
    }
    let mut builder = object.btf_for_kernel();
    for insn in programs.iter().flat_map(|linked| &linked.insns) {
        if let Some(line) = &insn.line {
            builder.string(&line.file);
            builder.string(&line.text);
        }
    }
    let mut of = |map: &Map| map_types(&mut builder, map);
    let both = |map: &Map| (of(map), map.inner.as_ref().and_then(|inner| of(inner)));
    types.map_types = object.maps.iter().map(both).collect();
    types.has_functions = true;
    types.fd = match try_load(&builder) {
        Ok(fd) => Some(fd),
        Err(log) => {
            let kinds = Kinds::probe();
            let again = if kinds == Kinds::ALL {
                Err(log)
            } else {
                kinds::replace(&mut builder, kinds);
                types.has_functions = kinds.func;
                try_load(&builder)
            };
            again.map_err(|log| types.complaint = Some(log)).ok()
        }
    };
    types.builder = builder;
    types
}

impl KernelTypes {
    /// The offset of a string that the source lines need.
    pub(super) fn string(&mut self, text: &str) -> StrOff {
        self.builder.string(text)
    }

    /// Types of a map's key and value, and of those of its inner map, if the kernel wants them.
    pub(super) fn of_map(&self, map: MapId) -> TypesOfMap {
        self.map_types.get(map.index()).copied().unwrap_or_default()
    }

    /// The section `name`, which is the type of a data section's map.
    pub(super) fn data_section(&self, name: &str) -> Option<TypeId> {
        let ids = (1..=self.builder.n_types()).map(TypeId);
        let is_it = |id: &TypeId| matches!(self.builder.get(*id), Some(TypeDef::DataSec { name: found, .. }) if found == name);
        ids.rev().find(is_it)
    }
}

/// Loads a blob; the kernel's log if it does not take it.
pub(super) fn try_load(builder: &BtfBuilder) -> Result<OwnedFd, String> {
    let endian = match bpfc_isa::Endian::NATIVE {
        bpfc_isa::Endian::Little => Endian::Little,
        bpfc_isa::Endian::Big => Endian::Big,
    };
    let bytes = builder.to_bytes(endian).map_err(|error| error.to_string())?;
    if let Ok(fd) = btf_load(&bytes, &mut []) {
        return Ok(fd);
    }
    let mut log = vec![0; 64 << 10];
    btf_load(&bytes, &mut log).map_err(|errno| {
        let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
        let log = String::from_utf8_lossy(&log[..end]);
        // The last lines say what is wrong.
        let tail: Vec<&str> = log.lines().rev().take(3).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        format!("{errno}: {}", tail.join("; "))
    })
}

/// The types of key and value, if the map's kind has such. The key of an array must be a 32-bit
/// INT (`array_map_check_btf`, `kernel/bpf/arraymap.c`, 4.18), so an enumeration is replaced.
fn map_types(builder: &mut BtfBuilder, map: &Map) -> Option<(TypeId, TypeId)> {
    let (key, value) = (map.key_type?, map.value_type?);
    match map.kind()? {
        MapType::Hash
        | MapType::LruHash
        | MapType::PercpuHash
        | MapType::LruPercpuHash
        | MapType::LpmTrie
        | MapType::SkStorage
        | MapType::InodeStorage
        | MapType::TaskStorage
        | MapType::CgrpStorage
        | MapType::CgroupStorage
        | MapType::PercpuCgroupStorage => Some((key, value)),
        MapType::Array | MapType::PercpuArray => {
            let is_int = is_32_bit_int(builder, key);
            let int = || TypeDef::int("unsigned int", 4, IntEncoding::Unsigned);
            let key = if is_int { key } else { builder.intern(int()) };
            Some((key, value))
        }
        _ => None,
    }
}

fn is_32_bit_int(builder: &BtfBuilder, mut id: TypeId) -> bool {
    // Typedefs and qualifiers are few; a loop of them is malformed.
    for _ in 0..32 {
        match builder.get(id) {
            Some(TypeDef::Int { n_bits, bit_offset, .. }) => {
                return *n_bits == 32 && *bit_offset == 0;
            }
            Some(
                TypeDef::Typedef { target, .. }
                | TypeDef::Const { target }
                | TypeDef::Volatile { target }
                | TypeDef::Restrict { target }
                | TypeDef::TypeTag { target, .. },
            ) => id = *target,
            _ => return false,
        }
    }
    false
}
