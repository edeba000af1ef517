//! The object's BTF made fit for the running kernel, and loaded.
//!
//! Requires: an object. Ensures: ids of `Object::btf` mean the same in the loaded blob, whatever
//! the kernel's age; only kinds of types it does not know are replaced by ones of equal size.

use super::externs::KconfigPlan;
use crate::LoadError;
use crate::sys::bpf::btf_load;
use bpfc_base::Idx;
use bpfc_btf::{
    BtfBuilder, Endian, EnumeratorDef, IntEncoding, Linkage, MemberDef, ParamDef, SecVarDef,
    StrOff, TypeDef, TypeId,
};
use bpfc_kabi::MapType;
use bpfc_object::{ExternKind, Linked, Map, MapId, Object};
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
    map_types: Vec<Option<(TypeId, TypeId)>>,
    /// Whether functions have an id that the kernel takes.
    pub has_functions: bool,
}

/// Which kinds a kernel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kinds {
    func: bool,
    global_func: bool,
    datasec: bool,
    float: bool,
    decl_tag: bool,
    type_tag: bool,
    enum64: bool,
}

/// Everything but BTF as such.
const ALL_KINDS: Kinds = Kinds {
    func: true,
    global_func: true,
    datasec: true,
    float: true,
    decl_tag: true,
    type_tag: true,
    enum64: true,
};

/// Loads the types of an object, with the strings that the source lines of `programs` need.
pub(super) fn load(
    object: &Object,
    programs: &[&Linked],
    kconfig: &KconfigPlan,
) -> Result<KernelTypes, LoadError> {
    let mut types = KernelTypes::default();
    if object.btf.n_types() == 0 {
        return Ok(types);
    }
    let mut builder = object.btf_with_sections();
    for insn in programs.iter().flat_map(|linked| &linked.insns) {
        if let Some(line) = &insn.line {
            builder.string(&line.file);
            builder.string(&line.text);
        }
    }
    adapt_externs(object, &mut builder, kconfig);
    adapt_functions(object, &mut builder);
    types.map_types = object
        .maps
        .iter()
        .map(|map| map_types(&mut builder, map))
        .collect();
    types.has_functions = true;
    types.fd = match try_load(&builder) {
        Ok(fd) => Some(fd),
        Err(log) => {
            let kinds = probe_kinds();
            if kinds != ALL_KINDS {
                replace_kinds(&mut builder, kinds);
                types.has_functions = kinds.func;
            }
            let again = if kinds == ALL_KINDS {
                Err(log)
            } else {
                try_load(&builder)
            };
            again.map_err(|log| types.complaint = Some(log)).ok()
        }
    };
    types.builder = builder;
    Ok(types)
}

impl KernelTypes {
    /// The offset of a string that the source lines need.
    pub(super) fn string(&mut self, text: &str) -> StrOff {
        self.builder.string(text)
    }

    /// Types of a map's key and value, if the kernel wants them.
    pub(super) fn of_map(&self, map: MapId) -> Option<(TypeId, TypeId)> {
        self.map_types.get(map.index()).copied().flatten()
    }

    /// The section `name`, which is the type of a data section's map.
    pub(super) fn data_section(&self, name: &str) -> Option<TypeId> {
        let ids = (1..=self.builder.n_types()).map(TypeId);
        let is_it = |id: &TypeId| matches!(self.builder.get(*id), Some(TypeDef::DataSec { name: found, .. }) if found == name);
        ids.filter(is_it).last()
    }
}

/// Loads a blob; the kernel's log if it does not take it.
fn try_load(builder: &BtfBuilder) -> Result<OwnedFd, String> {
    let endian = match bpfc_isa::Endian::NATIVE {
        bpfc_isa::Endian::Little => Endian::Little,
        bpfc_isa::Endian::Big => Endian::Big,
    };
    let bytes = builder
        .to_bytes(endian)
        .map_err(|error| error.to_string())?;
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

/// The kernel takes no external variables and no section without size: configuration values get
/// their places in `.kconfig`, symbols become global functions or `int`s
/// (`btf_var_check_meta`, `btf_datasec_check_meta`, `kernel/bpf/btf.c`, 5.2).
fn adapt_externs(object: &Object, builder: &mut BtfBuilder, kconfig: &KconfigPlan) {
    let int = builder.intern(TypeDef::int("int", 4, IntEncoding::Signed));
    for item in &object.externs {
        let Some(id) = item.btf else { continue };
        match builder.get_mut(id) {
            Some(TypeDef::Var { ty, linkage, .. }) => {
                *linkage = Linkage::Global;
                if !matches!(item.kind, ExternKind::Kconfig { .. }) {
                    *ty = int;
                }
            }
            Some(TypeDef::Func { proto, linkage, .. }) => {
                *linkage = Linkage::Global;
                let proto = *proto;
                if let Some(TypeDef::FuncProto { params, .. }) = builder.get_mut(proto) {
                    // Only prototypes of pointers to functions may have nameless parameters.
                    params.iter_mut().enumerate().for_each(name_param);
                }
            }
            _ => {}
        }
    }
    let empty = TypeDef::Ptr {
        target: TypeId::VOID,
    };
    for id in (1..=builder.n_types()).map(TypeId) {
        let Some(def) = builder.get_mut(id) else {
            continue;
        };
        let TypeDef::DataSec {
            name,
            vars,
            size_bytes,
        } = def
        else {
            continue;
        };
        if name == ".kconfig" {
            for var in vars.iter_mut() {
                let place = kconfig.place_of(object, var.var);
                (var.offset_bytes, var.size_bytes) = place.unwrap_or_default();
            }
            vars.sort_by_key(|var| var.offset_bytes);
            *size_bytes = kconfig.size_bytes;
        } else if name == ".ksyms" {
            *def = empty.clone();
        }
    }
}

fn name_param((idx, param): (usize, &mut ParamDef)) {
    if param.name.is_empty() && !param.ty.is_void() {
        param.name = format!("arg{idx}");
    }
}

/// A hidden function is global to the linker only: the verifier shall check each call.
fn adapt_functions(object: &Object, builder: &mut BtfBuilder) {
    let hidden = object
        .functions
        .iter()
        .filter(|function| function.is_hidden);
    for id in hidden.filter_map(|function| function.btf) {
        if let Some(TypeDef::Func { linkage, .. }) = builder.get_mut(id) {
            *linkage = Linkage::Static;
        }
    }
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
            Some(TypeDef::Int {
                n_bits, bit_offset, ..
            }) => return *n_bits == 32 && *bit_offset == 0,
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

/// Asks the kernel about each kind by loading a blob with one type of it.
fn probe_kinds() -> Kinds {
    let knows = |make: &dyn Fn(&mut BtfBuilder, TypeId)| {
        let mut builder = BtfBuilder::new();
        let int = builder.push(TypeDef::int("int", 4, IntEncoding::Signed));
        make(&mut builder, int);
        try_load(&builder).is_ok()
    };
    let func = |linkage| {
        move |builder: &mut BtfBuilder, int| {
            let proto = builder.push(TypeDef::FuncProto {
                ret: int,
                params: Vec::new(),
                is_variadic: false,
            });
            let name = "f".into();
            builder.push(TypeDef::Func {
                name,
                proto,
                linkage,
            });
        }
    };
    let var = |builder: &mut BtfBuilder, int| {
        builder.push(TypeDef::Var {
            name: "x".into(),
            ty: int,
            linkage: Linkage::Static,
        })
    };
    Kinds {
        func: knows(&func(Linkage::Static)),
        global_func: knows(&func(Linkage::Global)),
        datasec: knows(&|builder, int| {
            let var = SecVarDef {
                var: var(builder, int),
                offset_bytes: 0,
                size_bytes: 4,
            };
            builder.push(TypeDef::DataSec {
                name: ".x".into(),
                size_bytes: 4,
                vars: vec![var],
            });
        }),
        float: knows(&|builder, _| {
            builder.push(TypeDef::Float {
                name: "float".into(),
                size_bytes: 4,
            });
        }),
        decl_tag: knows(&|builder, int| {
            let target = var(builder, int);
            builder.push(TypeDef::DeclTag {
                name: "t".into(),
                target,
                component_idx: None,
                is_attribute: false,
            });
        }),
        type_tag: knows(&|builder, int| {
            let target = builder.push(TypeDef::TypeTag {
                name: "t".into(),
                target: int,
                is_attribute: false,
            });
            builder.push(TypeDef::Ptr { target });
        }),
        enum64: knows(&|builder, _| {
            builder.push(TypeDef::Enum64 {
                name: String::new(),
                size_bytes: 8,
                is_signed: false,
                enumerators: vec![EnumeratorDef {
                    name: "x".into(),
                    value: 1,
                }],
            });
        }),
    }
}

/// Replaces what the kernel does not know by older kinds of the same size.
fn replace_kinds(builder: &mut BtfBuilder, kinds: Kinds) {
    let byte = TypeDef::int("__bpfc_tag", 1, IntEncoding::Unsigned);
    for id in (1..=builder.n_types()).map(TypeId) {
        let Some(def) = builder.get(id).cloned() else {
            continue;
        };
        let new = match def {
            TypeDef::DeclTag { .. } if !kinds.decl_tag => byte.clone(),
            TypeDef::Var { .. } if !kinds.datasec => byte.clone(),
            TypeDef::DataSec { .. } if !kinds.datasec => byte.clone(),
            TypeDef::Float { name, size_bytes } if !kinds.float => TypeDef::Struct {
                name,
                size_bytes,
                members: Vec::new(),
            },
            TypeDef::TypeTag { target, .. } if !kinds.type_tag => TypeDef::Const { target },
            TypeDef::FuncProto { .. } if !kinds.func => TypeDef::Enum {
                name: String::new(),
                size_bytes: 4,
                is_signed: false,
                enumerators: vec![EnumeratorDef {
                    name: format!("__bpfc_proto{}", id.0),
                    value: 0,
                }],
            },
            TypeDef::Func { name, proto, .. } if !kinds.func => TypeDef::Typedef {
                name,
                target: proto,
            },
            TypeDef::Func { name, proto, .. } if !kinds.global_func => TypeDef::Func {
                name,
                proto,
                linkage: Linkage::Static,
            },
            TypeDef::Enum64 { .. } if !kinds.enum64 => as_union(builder, def),
            _ => continue,
        };
        builder.define(id, new);
    }
}

/// An enumeration of 64-bit values as a union with a member for each enumerator.
fn as_union(builder: &mut BtfBuilder, def: TypeDef) -> TypeDef {
    let TypeDef::Enum64 {
        name,
        size_bytes,
        is_signed,
        enumerators,
    } = def
    else {
        return def;
    };
    let encoding = if is_signed {
        IntEncoding::Signed
    } else {
        IntEncoding::Unsigned
    };
    let ty = builder.intern(TypeDef::int("__bpfc_enum64", size_bytes, encoding));
    let member = |enumerator: EnumeratorDef| MemberDef {
        name: enumerator.name,
        ty,
        bit_offset: 0,
        bitfield_bits: None,
    };
    TypeDef::Union {
        name,
        size_bytes,
        members: enumerators.into_iter().map(member).collect(),
    }
}
