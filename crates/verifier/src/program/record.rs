//! Fields of map values that belong to the kernel: locks, timers, work queues and the like, found by the names of
//! their types (`btf_parse_fields`, Linux 6.18 `kernel/bpf/btf.c`).

use bpfc_btf::{TypeDef, TypeId};
use bpfc_object::{DataId, Object};

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// `struct bpf_spin_lock`.
    SpinLock,
    /// `struct bpf_res_spin_lock` (Linux 6.15).
    ResSpinLock,
    /// `struct bpf_timer`.
    Timer,
    /// `struct bpf_wq` (Linux 6.10).
    Wq,
    /// `struct bpf_task_work` (Linux 6.18).
    TaskWork,
    /// `struct bpf_list_head`.
    ListHead,
    /// `struct bpf_list_node`.
    ListNode,
    /// `struct bpf_rb_root`.
    RbRoot,
    /// `struct bpf_rb_node`.
    RbNode,
    /// `struct bpf_refcount`.
    Refcount,
}

/// One such field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is.
    pub kind: FieldKind,
    /// Where it starts.
    pub offset: u32,
}

/// Structs nest less deeply than this (`MAX_RESOLVE_DEPTH` is 32 for types in general).
const MAX_DEPTH: u32 = 8;
/// Fields of one value (`BTF_FIELDS_MAX`).
const MAX_FIELDS: usize = 11;

impl FieldKind {
    /// The C name of its type.
    pub const fn type_name(self) -> &'static str {
        match self {
            FieldKind::SpinLock => "bpf_spin_lock",
            FieldKind::ResSpinLock => "bpf_res_spin_lock",
            FieldKind::Timer => "bpf_timer",
            FieldKind::Wq => "bpf_wq",
            FieldKind::TaskWork => "bpf_task_work",
            FieldKind::ListHead => "bpf_list_head",
            FieldKind::ListNode => "bpf_list_node",
            FieldKind::RbRoot => "bpf_rb_root",
            FieldKind::RbNode => "bpf_rb_node",
            FieldKind::Refcount => "bpf_refcount",
        }
    }

    /// Its size (`btf_field_type_size`).
    pub const fn size_bytes(self) -> u32 {
        match self {
            FieldKind::SpinLock | FieldKind::ResSpinLock | FieldKind::Refcount => 4,
            FieldKind::TaskWork => 8,
            FieldKind::Timer | FieldKind::Wq | FieldKind::ListHead | FieldKind::RbRoot => 16,
            FieldKind::ListNode => 24,
            FieldKind::RbNode => 32,
        }
    }

    const ALL: [FieldKind; 10] = [
        FieldKind::SpinLock,
        FieldKind::ResSpinLock,
        FieldKind::Timer,
        FieldKind::Wq,
        FieldKind::TaskWork,
        FieldKind::ListHead,
        FieldKind::ListNode,
        FieldKind::RbRoot,
        FieldKind::RbNode,
        FieldKind::Refcount,
    ];
}

/// The fields of a value of this type, by ascending offset.
pub fn of_type(object: &Object, ty: TypeId) -> Vec<Field> {
    let mut fields = Vec::new();
    collect(object, ty, 0, 0, &mut fields);
    fields.sort_by_key(|field| field.offset);
    fields
}

/// The fields of the variables of a data section.
pub fn of_data(object: &Object, data: DataId) -> Vec<Field> {
    let mut fields = Vec::new();
    for variable in &object.data[data].variables {
        if let Some(TypeDef::Var { ty, .. }) = variable.btf.and_then(|var| object.btf.get(var)) {
            collect(object, *ty, variable.offset, 0, &mut fields);
        }
    }
    fields.sort_by_key(|field| field.offset);
    fields
}

fn collect(object: &Object, ty: TypeId, offset: u32, depth: u32, fields: &mut Vec<Field>) {
    if depth > MAX_DEPTH || fields.len() >= MAX_FIELDS {
        return;
    }
    match object.btf.get(ty) {
        Some(
            TypeDef::Typedef { target, .. }
            | TypeDef::Const { target }
            | TypeDef::Volatile { target }
            | TypeDef::Restrict { target }
            | TypeDef::TypeTag { target, .. },
        ) => collect(object, *target, offset, depth + 1, fields),
        Some(TypeDef::Array { element, n_elements, .. }) => {
            let Some(size) = super::contract::size_of(object, *element, 0) else {
                return;
            };
            // Most arrays hold nothing special: the first element tells.
            for idx in 0..*n_elements {
                let before = fields.len();
                collect(object, *element, offset + idx * size, depth + 1, fields);
                if fields.len() == before {
                    break;
                }
            }
        }
        Some(TypeDef::Struct { name, members, .. }) => {
            match FieldKind::ALL.into_iter().find(|kind| kind.type_name() == name) {
                Some(kind) => fields.push(Field { kind, offset }),
                None => {
                    for member in members {
                        let at = offset.saturating_add(member.bit_offset / 8);
                        collect(object, member.ty, at, depth + 1, fields);
                    }
                }
            }
        }
        _ => {}
    }
}
