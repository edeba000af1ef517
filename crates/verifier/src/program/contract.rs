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
    /// Why the kernel takes no such function, if it does not.
    pub refused: Option<&'static str>,
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
    /// An address in an arena, or a number.
    Arena,
    /// A dynptr that may only be read from.
    Dynptr,
    /// An object of the kernel, with the tag `arg:trusted` or `arg:untrusted`.
    Object {
        /// What it points to, one of the object's own types.
        ty: TypeId,
        /// Whether null may be passed.
        is_nullable: bool,
        /// Whether it must be a valid one.
        is_trusted: bool,
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
    let mut contract = Contract { params: Vec::new(), refused: None };
    if params.len() > 5 {
        contract.refused = Some("it has more than five parameters");
    }
    for (idx, param) in params.iter().take(5).enumerate() {
        let mine: Vec<&str> = tags
            .iter()
            .filter(|(component, _)| *component == idx as u32)
            .filter_map(|(_, tag)| tag.strip_prefix("arg:"))
            .collect();
        let param = classify(object, param.ty, &mine, prog_type);
        contract.params.push(param.unwrap_or(Param::Unknown));
        contract.refused = contract.refused.or(param.err());
    }
    Some(contract)
}

/// Whether the function returns a number.
pub fn returns_number(object: &Object, function: &Function) -> bool {
    let Some(TypeDef::FuncProto { ret, .. }) = function.btf.and_then(|func| proto(object, func))
    else {
        return false;
    };
    let ty = strip(object, *ret);
    matches!(ty, Some(TypeDef::Int { .. } | TypeDef::Enum { .. } | TypeDef::Enum64 { .. }))
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

/// The functions that a program names as its handlers of exceptions.
pub fn exception_callbacks(object: &Object, func: TypeId) -> Vec<&str> {
    let ids = (1..=object.btf.n_types()).map(TypeId);
    let names = ids.filter_map(|id| match object.btf.get(id) {
        Some(TypeDef::DeclTag { name, target, component_idx: None, .. }) if *target == func => {
            name.strip_prefix("exception_callback:")
        }
        _ => None,
    });
    names.collect()
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

/// `btf_prepare_func_args`: what a parameter of this type with these tags is, or why there is none such.
fn classify(
    object: &Object,
    ty: TypeId,
    tags: &[&str],
    prog_type: Option<ProgType>,
) -> Result<Param, &'static str> {
    const KNOWN: [&str; 6] = ["ctx", "trusted", "untrusted", "nonnull", "nullable", "arena"];
    const CLASH: Result<Param, &str> = Err("a parameter has tags that do not go together");
    if tags.iter().any(|tag| !KNOWN.contains(tag)) {
        return Err("a parameter has a tag that the kernel does not know");
    }
    let has = |tag: &str| tags.contains(&tag);
    let only = |allowed: &[&str]| tags.iter().all(|tag| allowed.contains(tag));
    let target = match strip(object, ty) {
        Some(TypeDef::Ptr { target }) => *target,
        _ if !tags.is_empty() => return Err("a parameter that is no pointer has a tag"),
        Some(TypeDef::Int { .. } | TypeDef::Enum { .. } | TypeDef::Enum64 { .. }) => {
            return Ok(Param::Scalar);
        }
        _ => return Err("a parameter is neither a number nor a pointer"),
    };
    if has("ctx") || is_context(object, target, prog_type) {
        return if only(&["ctx"]) { Ok(Param::Ctx) } else { CLASH };
    }
    if matches!(strip(object, target), Some(TypeDef::Struct { name, .. } | TypeDef::Fwd { name, .. }) if name == "bpf_dynptr")
    {
        return if tags.is_empty() { Ok(Param::Dynptr) } else { CLASH };
    }
    if has("trusted") {
        let param = Param::Object { ty: target, is_nullable: has("nullable"), is_trusted: true };
        return if only(&["trusted", "nullable"]) { Ok(param) } else { CLASH };
    }
    if has("untrusted") {
        let param = Param::Object { ty: target, is_nullable: false, is_trusted: false };
        return if only(&["untrusted"]) { Ok(param) } else { CLASH };
    }
    if has("arena") {
        return if only(&["arena"]) { Ok(Param::Arena) } else { CLASH };
    }
    if has("nullable") {
        return CLASH;
    }
    match size_of(object, target, 0) {
        Some(0) => Ok(Param::Unknown),
        Some(size_bytes) => Ok(Param::Mem { size_bytes, is_nullable: !has("nonnull") }),
        None => Err("a parameter points to a type whose size is not known"),
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
