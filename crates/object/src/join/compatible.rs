//! Whether two declarations of one name agree, by the rules of libbpf's linker
//! (`glob_sym_btf_matches` and `map_defs_match`, libbpf 1.0 `src/linker.c`).
//!
//! Typedefs and qualifiers do not count. Structures are compared member by member, but for those
//! behind pointers, of which only the names are.

use crate::Map;
use bpfc_btf::{BtfBuilder, FwdKind, Linkage, TypeDef, TypeId};

/// Members compared at most; larger types are taken as equal from there on.
const MAX_STEPS: u32 = 1 << 14;
/// Types nest at most this deep.
const MAX_DEPTH: u32 = 64;

/// How closely types must agree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rigour {
    /// Down to the members.
    Members,
    /// Behind a pointer: kinds and names.
    Names,
}

/// Whether the `VAR`s, `FUNC`s or other types agree.
pub(super) fn types_agree(types: &BtfBuilder, first: TypeId, second: TypeId) -> bool {
    let mut steps = MAX_STEPS;
    agree(types, Rigour::Members, (first, second), MAX_DEPTH, &mut steps)
}

fn agree(
    types: &BtfBuilder,
    mut rigour: Rigour,
    (mut first, mut second): (TypeId, TypeId),
    depth: u32,
    steps: &mut u32,
) -> bool {
    loop {
        first = resolve(types, first);
        second = resolve(types, second);
        if first == second || depth == 0 || *steps == 0 {
            return true;
        }
        *steps -= 1;
        let (one, other) = match (types.get(first), types.get(second)) {
            (Some(one), Some(other)) => (one, other),
            (one, other) => return one.is_none() && other.is_none(),
        };
        use TypeDef::*;
        match (one, other) {
            (Fwd { .. }, _) | (_, Fwd { .. }) if rigour == Rigour::Names => {
                return tag(one).is_some() && tag(one) == tag(other);
            }
            (Fwd { .. }, Fwd { .. }) => return tag(one) == tag(other),
            (Int { size_bytes: a, .. }, Int { size_bytes: b, .. }) => return a == b,
            (Float { size_bytes: a, .. }, Float { size_bytes: b, .. }) => return a == b,
            (
                Enum { name: n, size_bytes: a, .. } | Enum64 { name: n, size_bytes: a, .. },
                Enum { name: m, size_bytes: b, .. } | Enum64 { name: m, size_bytes: b, .. },
            ) => return n == m && a == b,
            (Ptr { target: a }, Ptr { target: b }) => {
                (first, second) = (*a, *b);
                rigour = Rigour::Names;
            }
            (Array { element: a, .. }, Array { element: b, .. }) => (first, second) = (*a, *b),
            (Func { proto: a, linkage: l, .. }, Func { proto: b, linkage: m, .. }) => {
                if (*l == Linkage::Static) != (*m == Linkage::Static) {
                    return false;
                }
                (first, second) = (*a, *b);
            }
            (Var { ty: a, linkage: l, .. }, Var { ty: b, linkage: m, .. }) => {
                if (*l == Linkage::Static) != (*m == Linkage::Static) {
                    return false;
                }
                (first, second) = (*a, *b);
            }
            (
                Struct { members: a, size_bytes: s, .. } | Union { members: a, size_bytes: s, .. },
                Struct { members: b, size_bytes: t, .. } | Union { members: b, size_bytes: t, .. },
            ) => {
                return tag(one) == tag(other)
                    && (rigour == Rigour::Names
                        || s == t
                            && a.len() == b.len()
                            && a.iter().zip(b).all(|(a, b)| {
                                a.name == b.name
                                    && (a.bit_offset, a.bitfield_bits)
                                        == (b.bit_offset, b.bitfield_bits)
                                    && agree(types, rigour, (a.ty, b.ty), depth - 1, steps)
                            }));
            }
            (
                FuncProto { ret: r, params: a, is_variadic: v },
                FuncProto { ret: q, params: b, is_variadic: w },
            ) => {
                let same = |(a, b): (&bpfc_btf::ParamDef, &bpfc_btf::ParamDef)| {
                    agree(types, rigour, (a.ty, b.ty), depth - 1, steps)
                };
                if v != w || a.len() != b.len() || !a.iter().zip(b).all(same) {
                    return false;
                }
                (first, second) = (*r, *q);
            }
            _ => return false,
        }
    }
}

/// The name of a structure or union, declared or defined, and which of the two it is.
fn tag(def: &TypeDef) -> Option<(&str, bool)> {
    match def {
        TypeDef::Struct { name, .. } => Some((name, false)),
        TypeDef::Union { name, .. } => Some((name, true)),
        TypeDef::Fwd { name, fwd_kind } => Some((name, *fwd_kind == FwdKind::Union)),
        _ => None,
    }
}

/// What is behind typedefs, qualifiers and tags.
fn resolve(types: &BtfBuilder, mut id: TypeId) -> TypeId {
    for _ in 0..MAX_DEPTH {
        match types.get(id) {
            Some(
                TypeDef::Typedef { target, .. }
                | TypeDef::Const { target }
                | TypeDef::Volatile { target }
                | TypeDef::Restrict { target }
                | TypeDef::TypeTag { target, .. },
            ) => id = *target,
            _ => return id,
        }
    }
    id
}

/// The first attribute in which two definitions of a map differ. Types are ids in `types`.
pub(super) fn map_difference(
    types: &BtfBuilder,
    first: &Map,
    second: &Map,
) -> Option<&'static str> {
    let differs = |one: Option<TypeId>, other: Option<TypeId>| match (one, other) {
        (Some(one), Some(other)) => !types_agree(types, one, other),
        _ => false,
    };
    let attributes = [
        ("type", first.map_type != second.map_type),
        ("key size", first.key_size_bytes != second.key_size_bytes),
        ("value size", first.value_size_bytes != second.value_size_bytes),
        ("number of entries", first.max_entries != second.max_entries),
        ("flags", first.map_flags != second.map_flags),
        ("NUMA node", first.numa_node != second.numa_node),
        ("`map_extra`", first.map_extra != second.map_extra),
        ("pinning", first.pinning != second.pinning),
        ("key type", differs(first.key_type, second.key_type)),
        ("value type", differs(first.value_type, second.value_type)),
    ];
    let of_inner = || match (&first.inner, &second.inner) {
        (None, None) => None,
        (Some(first), Some(second)) => map_difference(types, first, second),
        _ => Some("inner map"),
    };
    attributes.iter().find(|(_, differs)| *differs).map(|(what, _)| *what).or_else(of_inner)
}
