//! Pointers, lists and trees in structs of the program: fields that the kernel manages, found by tags and by the names
//! of their types (`btf_parse_fields`, Linux 6.18 `kernel/bpf/btf.c`).

use super::walk;
use crate::state::Types;
use bpfc_btf::{Btf, KindSet, Type, TypeId};

/// A field of a struct, or of a value of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManagedField {
    /// Where it starts.
    pub offset: u32,
    /// Its size.
    pub n_bytes: u32,
    /// What it is.
    pub what: Managed,
}

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Managed {
    /// A pointer to an object.
    Kptr {
        /// How it is tagged.
        tag: KptrTag,
        /// Whose type the object's is.
        types: Types,
        /// The object.
        ty: TypeId,
    },
    /// The head of a list or tree.
    Root {
        /// Whether it is a tree.
        is_tree: bool,
        /// What it holds, a struct of the program.
        ty: TypeId,
        /// Where the node is in that.
        node_off: u32,
    },
    /// The node of a list or tree.
    Node {
        /// Whether of a tree.
        is_tree: bool,
    },
    /// `struct bpf_refcount`.
    Refcount,
    /// A lock, a timer or the like: of no use but through its helpers.
    Other(&'static str),
}

/// The tag of a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KptrTag {
    /// `__kptr_untrusted`.
    Untrusted,
    /// `__kptr`.
    Referenced,
    /// `__percpu_kptr`.
    Percpu,
    /// `__uptr`.
    User,
}

/// Types nest less deeply than this.
const MAX_DEPTH: u32 = 8;
/// Fields of one value.
const MAX_FIELDS: usize = 11;

/// Names of types, with the sizes of what they name.
const NAMED: [(&str, u32, Managed); 10] = [
    ("bpf_spin_lock", 4, Managed::Other("bpf_spin_lock")),
    ("bpf_res_spin_lock", 4, Managed::Other("bpf_res_spin_lock")),
    ("bpf_timer", 16, Managed::Other("bpf_timer")),
    ("bpf_wq", 16, Managed::Other("bpf_wq")),
    ("bpf_task_work", 8, Managed::Other("bpf_task_work")),
    ("bpf_list_head", 16, Managed::Root { is_tree: false, ty: TypeId::VOID, node_off: 0 }),
    ("bpf_rb_root", 16, Managed::Root { is_tree: true, ty: TypeId::VOID, node_off: 0 }),
    ("bpf_list_node", 24, Managed::Node { is_tree: false }),
    ("bpf_rb_node", 32, Managed::Node { is_tree: true }),
    ("bpf_refcount", 4, Managed::Refcount),
];

/// Collects the fields of `ty`, whose types are `own`; objects of the kernel are looked up in `kernel`.
pub fn of_type(own: &Btf, kernel: Option<&Btf>, ty: TypeId) -> Vec<ManagedField> {
    let mut fields = Vec::new();
    Collector { own, kernel }.collect(ty, None, 0, 0, &mut fields);
    fields.sort_by_key(|field| field.offset);
    fields
}

/// The fields of the variables of a section, each a `VAR` and its place.
pub fn of_variables(
    own: &Btf,
    kernel: Option<&Btf>,
    variables: impl Iterator<Item = (TypeId, u32)>,
) -> Vec<ManagedField> {
    let mut fields = Vec::new();
    for (var, offset) in variables {
        if let Ok(Type::Var { ty, .. }) = own.ty(var) {
            Collector { own, kernel }.collect(ty, Some((var, None)), offset, 0, &mut fields);
        }
    }
    fields.sort_by_key(|field| field.offset);
    fields
}

struct Collector<'b> {
    own: &'b Btf,
    kernel: Option<&'b Btf>,
}

/// What a declaration tag of a field hangs on: the struct and the member, or the variable.
type Tagged = Option<(TypeId, Option<u32>)>;

impl Collector<'_> {
    fn collect(
        &self,
        ty: TypeId,
        tagged: Tagged,
        offset: u32,
        depth: u32,
        fields: &mut Vec<ManagedField>,
    ) {
        if depth > MAX_DEPTH || fields.len() >= MAX_FIELDS {
            return;
        }
        let Ok((id, resolved)) = self.own.resolved(ty) else {
            return;
        };
        match resolved {
            Type::Ptr { target } => {
                if let Some(what) = self.kptr(target) {
                    fields.push(ManagedField { offset, n_bytes: 8, what });
                }
            }
            Type::Array { element, n_elements, .. } => {
                let Ok(size) = self.own.size_of(element) else {
                    return;
                };
                for idx in 0..n_elements {
                    let before = fields.len();
                    let at = offset.saturating_add(idx.saturating_mul(size));
                    self.collect(element, tagged, at, depth + 1, fields);
                    if fields.len() == before {
                        break;
                    }
                }
            }
            Type::Struct(composite) => {
                let name = composite.name();
                if let Some((_, n_bytes, what)) = NAMED.iter().find(|row| row.0 == name) {
                    let what = match *what {
                        Managed::Root { is_tree, .. } => self.root(is_tree, tagged),
                        what => what,
                    };
                    fields.push(ManagedField { offset, n_bytes: *n_bytes, what });
                    return;
                }
                for (idx, member) in (0..).zip(composite.members()) {
                    let at = offset.saturating_add(member.bit_offset / 8);
                    self.collect(member.ty, Some((id, Some(idx))), at, depth + 1, fields);
                }
            }
            _ => {}
        }
    }

    fn kptr(&self, target: TypeId) -> Option<Managed> {
        let Ok(Type::TypeTag { name, target, .. }) = self.own.ty(target) else {
            return None;
        };
        let tag = match name {
            "kptr_untrusted" => KptrTag::Untrusted,
            "kptr" => KptrTag::Referenced,
            "percpu_kptr" => KptrTag::Percpu,
            "uptr" => KptrTag::User,
            _ => return None,
        };
        let (id, resolved) = self.own.resolved(target).ok()?;
        let of_own = Managed::Kptr { tag, types: Types::Program, ty: id };
        if tag == KptrTag::User {
            return Some(of_own);
        }
        let kinds = KindSet::of(&[resolved.kind()]);
        let kernel = self.kernel?;
        let found = match resolved {
            Type::Fwd { name, .. } => kernel.find_by_name(name, KindSet::STRUCT),
            _ => kernel.find_by_name(resolved.name(), kinds),
        };
        Some(match found {
            Some(ty) => Managed::Kptr { tag, types: Types::Kernel, ty },
            None => of_own,
        })
    }

    /// What a head holds: the tag `contains:STRUCT:MEMBER`.
    fn root(&self, is_tree: bool, tagged: Tagged) -> Managed {
        let nothing = Managed::Root { is_tree, ty: TypeId::VOID, node_off: 0 };
        let Some((target, component)) = tagged else {
            return nothing;
        };
        let tag = self.own.ids().find_map(|id| match self.own.ty(id) {
            Ok(Type::DeclTag { name, target: of, component_idx, .. })
                if of == target && component_idx == component =>
            {
                name.strip_prefix("contains:")
            }
            _ => None,
        });
        let Some((name, member)) = tag.and_then(|tag| tag.split_once(':')) else {
            return nothing;
        };
        let Some(ty) = self.own.find_by_name(name, KindSet::STRUCT) else {
            return nothing;
        };
        let node = walk::composite(self.own, ty)
            .and_then(|(_, outer)| outer.members().find(|inner| inner.name == member));
        node.map_or(nothing, |node| Managed::Root { is_tree, ty, node_off: node.bit_offset / 8 })
    }
}
