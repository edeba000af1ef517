//! Kernel functions that a program calls: what their prototype in the kernel's BTF and their flags demand of arguments
//! (`get_kfunc_ptr_arg_type`, Linux 6.18 `kernel/bpf/verifier.c`).

use super::walk;
use bpfc_btf::{Btf, Type, TypeId};
use bpfc_kabi::{Kfunc, KfuncFlags};

/// A kernel function that the program calls.
#[derive(Clone, Debug)]
pub struct KfuncInfo {
    /// Its name.
    pub name: String,
    /// Its flags and who may call it.
    pub row: &'static Kfunc,
    /// Its parameters; at most five.
    pub params: Vec<KfuncParam>,
    /// What it returns.
    pub ret: KfuncRet,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct KfuncParam {
    /// Its name, whose end says how it is used.
    pub name: String,
    /// What C says of it.
    pub ty: ParamTy,
    /// The struct that it points at.
    pub target: Option<TypeId>,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamTy {
    /// A number.
    Number,
    /// A pointer.
    Pointer(Pointee),
    /// Something that the kernel does not pass.
    Other,
}

/// What a pointer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointee {
    /// `void`.
    Void,
    /// A function.
    Func,
    /// Data of this size: numbers, or a struct of nothing but numbers.
    Data(u32),
    /// A struct that holds pointers.
    Struct,
    /// Something else.
    Other,
}

/// What a function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KfuncRet {
    /// Nothing.
    Void,
    /// A number, or `void *`.
    Number,
    /// Data of this size.
    Data(u32),
    /// A struct of the kernel.
    Struct(TypeId),
}

impl KfuncInfo {
    /// The prototype of `row` in the kernel's types; none if they do not have it.
    pub fn new(btf: &Btf, row: &'static Kfunc) -> Option<KfuncInfo> {
        let (_, proto) = btf.find_func(row.name)?;
        let params = proto.params().take(5).map(|param| KfuncParam {
            name: param.name.to_owned(),
            ty: param_ty(btf, param.ty),
            target: target(btf, param.ty),
        });
        let ret = match btf.resolved(proto.ret()).ok()?.1 {
            Type::Void => KfuncRet::Void,
            Type::Ptr { target } => match btf.resolved(target).ok()? {
                (id, ty) if ty.composite().is_some() => KfuncRet::Struct(id),
                (_, Type::Void) => KfuncRet::Number,
                _ => KfuncRet::Data(btf.size_of(target).ok()?),
            },
            _ => KfuncRet::Number,
        };
        Some(KfuncInfo { name: row.name.to_owned(), row, params: params.collect(), ret })
    }

    /// Whether all of `flags` is set.
    pub fn has(&self, flags: KfuncFlags) -> bool {
        self.row.flags.has(flags)
    }

    /// Whether pointers must lead to objects that are certain to be there.
    pub fn wants_trusted(&self) -> bool {
        self.has(KfuncFlags::TRUSTED_ARGS) || self.has(KfuncFlags::RELEASE)
    }

    /// Whether it is about an open-coded iterator.
    pub fn is_iterator(&self) -> bool {
        [KfuncFlags::ITER_NEW, KfuncFlags::ITER_NEXT, KfuncFlags::ITER_DESTROY]
            .into_iter()
            .any(|flag| self.has(flag))
    }

    /// Whether what it gives is valid in an RCU section only (`KF_RCU_PROTECTED`, Linux 6.7).
    pub fn is_rcu_protected(&self) -> bool {
        matches!(
            self.row.name,
            "bpf_iter_task_new" | "bpf_iter_css_new" | "scx_bpf_cpu_curr" | "scx_bpf_locked_rq"
        )
    }

    /// Whether the parameter `idx` is the size of the memory before it.
    pub fn is_size(&self, idx: usize) -> bool {
        self.params.get(idx).is_some_and(|param| {
            param.ty == ParamTy::Number && (param.ends("__sz") || param.ends("__szk"))
        })
    }
}

impl KfuncParam {
    /// Whether its name ends so.
    pub fn ends(&self, suffix: &str) -> bool {
        self.name.len() > suffix.len() && self.name.ends_with(suffix)
    }
}

fn target(btf: &Btf, ty: TypeId) -> Option<TypeId> {
    match btf.resolved(ty) {
        Ok((_, Type::Ptr { target })) => Some(walk::composite(btf, target)?.0),
        _ => None,
    }
}

fn param_ty(btf: &Btf, ty: TypeId) -> ParamTy {
    match btf.resolved(ty) {
        Ok((_, Type::Int(_) | Type::Enum(_) | Type::Enum64(_))) => ParamTy::Number,
        Ok((_, Type::Ptr { target })) => ParamTy::Pointer(pointee(btf, target)),
        _ => ParamTy::Other,
    }
}

fn pointee(btf: &Btf, ty: TypeId) -> Pointee {
    match btf.resolved(ty) {
        Ok((_, Type::Void)) => Pointee::Void,
        Ok((_, Type::FuncProto(_))) => Pointee::Func,
        Ok((id, ty)) if ty.composite().is_some() => match is_plain(btf, id, 0) {
            true => btf.size_of(id).map_or(Pointee::Struct, Pointee::Data),
            false => Pointee::Struct,
        },
        Ok((id, Type::Int(_) | Type::Enum(_) | Type::Enum64(_))) => {
            btf.size_of(id).map_or(Pointee::Other, Pointee::Data)
        }
        _ => Pointee::Other,
    }
}

/// Whether a struct holds nothing but numbers: `__btf_type_is_scalar_struct`.
pub fn is_plain(btf: &Btf, ty: TypeId, depth: u32) -> bool {
    let Some((_, composite)) = walk::composite(btf, ty) else {
        return false;
    };
    depth < 4
        && composite.members().all(|member| {
            let mut ty = member.ty;
            while let Ok((_, Type::Array { element, n_elements, .. })) = btf.resolved(ty) {
                if n_elements == 0 {
                    return false;
                }
                ty = element;
            }
            match btf.resolved(ty) {
                Ok((_, Type::Int(_) | Type::Enum(_) | Type::Enum64(_))) => true,
                Ok((id, ty)) if ty.composite().is_some() => is_plain(btf, id, depth + 1),
                _ => false,
            }
        })
}
