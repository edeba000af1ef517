//! What a global function expects of its callers: the kernel verifies it once, from its BTF
//! (`btf_prepare_func_args`, Linux 6.12 `kernel/bpf/btf.c`).

use bpfc_btf::{TypeDef, TypeId};
use bpfc_kabi::{ContextKind, ProgType, context_of};
use bpfc_object::{Extern, Function, Object};

/// The parameters of a global function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// What is passed in `r1` and so on; at most five.
    pub params: Vec<Param>,
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// A number.
    Scalar,
    /// The program's context.
    Ctx,
    /// Memory of this many bytes.
    Mem {
        /// The size of what the pointer's type points to.
        size_bytes: u32,
        /// Whether null may be passed: not with the tag `arg:nonnull`.
        is_nullable: bool,
    },
    /// Something that this verifier does not model.
    Unknown,
}

/// Types that stand between a name and what it is.
const MAX_MODIFIERS: u32 = 32;

/// What the BTF of `function` says; none if it says nothing.
pub fn of_function(
    object: &Object,
    function: &Function,
    prog_type: Option<ProgType>,
) -> Option<Contract> {
    let func = function.btf?;
    let TypeDef::FuncProto { params, .. } = proto(object, func)? else {
        return None;
    };
    let tags = tags(object, func);
    let params = params.iter().take(5).enumerate().map(|(idx, param)| {
        let mine: Vec<&str> = tags
            .iter()
            .filter(|(component, _)| *component == idx as u32)
            .map(|(_, tag)| *tag)
            .collect();
        classify(object, param.ty, &mine, prog_type)
    });
    Some(Contract { params: params.collect() })
}

/// Whether the function's type says that it returns nothing.
pub fn is_void(object: &Object, function: &Function) -> bool {
    let proto = function.btf.and_then(|func| proto(object, func));
    matches!(proto, Some(TypeDef::FuncProto { ret, .. }) if *ret == TypeId::VOID)
}

fn proto(object: &Object, func: TypeId) -> Option<&TypeDef> {
    let Some(TypeDef::Func { proto, .. }) = object.btf.get(func) else {
        return None;
    };
    object.btf.get(*proto)
}

/// The `btf_decl_tag`s of parameters.
fn tags(object: &Object, func: TypeId) -> Vec<(u32, &str)> {
    let ids = (1..=object.btf.n_types()).map(TypeId);
    let tags = ids.filter_map(|id| match object.btf.get(id) {
        Some(TypeDef::DeclTag { name, target, component_idx: Some(component), .. })
            if *target == func =>
        {
            Some((*component, name.as_str()))
        }
        _ => None,
    });
    tags.collect()
}

fn classify(object: &Object, ty: TypeId, tags: &[&str], prog_type: Option<ProgType>) -> Param {
    if tags.contains(&"arg:ctx") {
        return Param::Ctx;
    }
    let is_special = |tag: &&str| tag.starts_with("arg:") && **tag != *"arg:nonnull";
    match strip(object, ty) {
        Some(TypeDef::Int { .. } | TypeDef::Enum { .. } | TypeDef::Enum64 { .. }) => Param::Scalar,
        Some(TypeDef::Ptr { target }) => {
            if tags.iter().any(is_special) {
                return Param::Unknown;
            }
            if is_context(object, *target, prog_type) {
                return Param::Ctx;
            }
            match size_of(object, *target, 0) {
                Some(size_bytes) if size_bytes > 0 => {
                    Param::Mem { size_bytes, is_nullable: !tags.contains(&"arg:nonnull") }
                }
                _ => Param::Unknown,
            }
        }
        _ => Param::Unknown,
    }
}

/// Whether a pointer to this type is the context of a program of this type.
fn is_context(object: &Object, ty: TypeId, prog_type: Option<ProgType>) -> bool {
    let mut names = Vec::new();
    let mut id = ty;
    for _ in 0..MAX_MODIFIERS {
        match object.btf.get(id) {
            Some(TypeDef::Typedef { name, target }) => {
                names.push(name.as_str());
                id = *target;
            }
            Some(
                TypeDef::Const { target }
                | TypeDef::Volatile { target }
                | TypeDef::Restrict { target }
                | TypeDef::TypeTag { target, .. },
            ) => id = *target,
            Some(TypeDef::Struct { name, .. } | TypeDef::Fwd { name, .. }) => {
                names.push(name.as_str());
                break;
            }
            _ => break,
        }
    }
    let Some(prog_type) = prog_type else {
        return false;
    };
    let own = match context_of(prog_type) {
        ContextKind::Struct(context) => Some(context.struct_name),
        _ => None,
    };
    let is_own = |name: &&str| {
        Some(*name) == own
            || matches!(
                (prog_type, *name),
                (ProgType::Kprobe, "bpf_user_pt_regs_t" | "user_pt_regs" | "user_regs_struct")
                    | (ProgType::CgroupSock, "bpf_sock")
                    | (ProgType::RawTracepointWritable, "bpf_raw_tracepoint_args")
            )
    };
    names.iter().any(is_own)
}

fn strip(object: &Object, ty: TypeId) -> Option<&TypeDef> {
    let mut id = ty;
    for _ in 0..MAX_MODIFIERS {
        match object.btf.get(id)? {
            TypeDef::Typedef { target, .. }
            | TypeDef::Const { target }
            | TypeDef::Volatile { target }
            | TypeDef::Restrict { target }
            | TypeDef::TypeTag { target, .. } => id = *target,
            other => return Some(other),
        }
    }
    None
}

/// Whether a symbol of the kernel is declared with a type other than `void`.
pub fn is_typed(object: &Object, item: &Extern) -> bool {
    let Some(TypeDef::Var { ty, .. }) = item.btf.and_then(|id| object.btf.get(id)) else {
        return false;
    };
    strip(object, *ty).is_some()
}

/// The size of a complete type.
pub fn size_of(object: &Object, ty: TypeId, depth: u32) -> Option<u32> {
    if depth > MAX_MODIFIERS {
        return None;
    }
    match strip(object, ty)? {
        TypeDef::Int { size_bytes, .. }
        | TypeDef::Enum { size_bytes, .. }
        | TypeDef::Enum64 { size_bytes, .. }
        | TypeDef::Struct { size_bytes, .. }
        | TypeDef::Union { size_bytes, .. } => Some(*size_bytes),
        TypeDef::Ptr { .. } => Some(8),
        TypeDef::Array { element, n_elements, .. } => {
            size_of(object, *element, depth + 1)?.checked_mul(*n_elements)
        }
        _ => None,
    }
}
