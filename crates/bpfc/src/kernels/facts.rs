//! What one kernel has.

use super::TargetKernel;
use bpfc_btf::{Btf, KindSet, Type};
use bpfc_kabi::{AttachType, Feature, Helper, KernelVersion, MapType, ProgType};
use bpfc_object::{Extern, ExternKind};
use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

/// The kernel's enumerations that list what it has.
const ENUMERATIONS: [&str; 4] = ["bpf_func_id", "bpf_map_type", "bpf_prog_type", "bpf_attach_type"];

/// A kernel and what was found out about it.
pub struct Facts<'a> {
    kernel: &'a TargetKernel,
    /// The names in each of [`ENUMERATIONS`] that the kernel has.
    enumerators: OnceCell<[Option<HashSet<&'a str>>; 4]>,
}

impl<'a> Facts<'a> {
    /// Nothing was looked up yet.
    pub fn new(kernel: &'a TargetKernel) -> Self {
        Self { kernel, enumerators: OnceCell::new() }
    }

    /// Its release.
    pub fn version(&self) -> KernelVersion {
        self.kernel.version
    }

    /// Whether programs are loaded by a user without privileges.
    pub fn is_unprivileged(&self) -> bool {
        self.kernel.unprivileged
    }

    /// Its types.
    pub fn btf(&self) -> Option<&'a Btf> {
        self.kernel.btf.as_deref()
    }

    /// Its types, for those who keep them.
    pub fn shared_btf(&self) -> Option<Arc<Btf>> {
        self.kernel.btf.clone()
    }

    /// Whether it has a helper.
    pub fn has_helper(&self, helper: &Helper) -> bool {
        let name = helper.name.trim_start_matches("bpf_");
        self.has(0, &format!("BPF_FUNC_{name}"), helper.since)
    }

    /// Whether it has a map type.
    pub fn has_map_type(&self, ty: MapType) -> bool {
        self.has(1, ty.name(), ty.info().since)
    }

    /// Whether it has a program type.
    pub fn has_prog_type(&self, ty: ProgType) -> bool {
        self.has(2, ty.name(), ty.since())
    }

    /// Whether it has an attach type.
    pub fn has_attach_type(&self, ty: AttachType) -> bool {
        self.has(3, ty.name(), ty.since())
    }

    /// Whether it is this release or a later one.
    pub fn is_since(&self, since: KernelVersion) -> bool {
        self.version() >= since
    }

    /// Whether it has a kernel function, or a variable with a type; `None` if its types do not tell.
    pub fn has_extern(&self, local: Option<&Btf>, item: &Extern) -> Option<bool> {
        let name = bpfc_btf::core::essential_name(&item.name);
        match item.kind {
            ExternKind::Kfunc => {
                let since = bpfc_kabi::kfunc(name).and_then(|row| row.since);
                if !self.is_since(since.unwrap_or(Feature::Kfuncs.since())) {
                    return Some(false);
                }
                let btf = self.btf()?;
                Some(btf.find_by_name(name, KindSet::FUNC).is_some())
            }
            ExternKind::Ksym if is_typed(item, local?) => {
                Some(self.btf()?.find_by_name(name, KindSet::VAR).is_some())
            }
            ExternKind::Ksym | ExternKind::Kconfig { .. } => None,
            ExternKind::Func | ExternKind::Variable | ExternKind::Map => None,
        }
    }

    fn has(&self, enumeration: usize, name: &str, since: KernelVersion) -> bool {
        let all = self
            .enumerators
            .get_or_init(|| ENUMERATIONS.map(|name| self.btf().and_then(|btf| names(btf, name))));
        match &all[enumeration] {
            Some(names) => names.contains(name),
            None => self.is_since(since),
        }
    }
}

fn names<'a>(btf: &'a Btf, enumeration: &str) -> Option<HashSet<&'a str>> {
    let id = btf.find_by_name(enumeration, KindSet::ENUM)?;
    let ty = btf.ty(id).ok()?;
    let names = ty.enumeration()?.enumerators().map(|enumerator| enumerator.name);
    Some(names.collect())
}

/// Whether a symbol was declared with a type other than `void`.
fn is_typed(item: &Extern, local: &Btf) -> bool {
    let Some(Ok(Type::Var { ty, .. })) = item.btf.map(|id| local.ty(id)) else {
        return false;
    };
    local.resolved(ty).is_ok_and(|(_, ty)| !matches!(ty, Type::Void))
}
