//! Which helpers and kernel functions programs of each type may call.
//!
//! One load for each pair. The call is followed by a read of a register that it has clobbered, so that no program is ever
//! accepted and compiled, which would cost more than looking at it.

use super::programs::{self, load_as, template};
use crate::Errno;
use crate::kernel::Kernel;
use crate::sys::bpf::ProgLoad;
use bpfc_btf::{Btf, Kind, KindSet, Type, TypeId};
use bpfc_isa::{Callee, Insn};
use bpfc_kabi::{Helper, ProgType, helpers, kfunc};
use std::collections::BTreeMap;

/// Enough for the call and what is wrong with it. A log that does not fit ends with `ENOSPC`, and what fits is there.
const LOG_BYTES: usize = 1 << 10;

/// A kernel function that programs may call, if they are of the right type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelFunction {
    /// Its name.
    pub name: String,
    /// The module that has it; none for the kernel itself.
    pub module: Option<String>,
    /// Its id among the types of the kernel or module.
    id: TypeId,
}

/// The call, and something that is never accepted.
fn calling(callee: Callee) -> Vec<Insn> {
    let after = bpfc_isa::assemble("r0 = r2\nexit", &());
    let mut insns = vec![Insn::Call(callee)];
    insns.extend(after.map_or_else(|_| Vec::new(), |assembly| assembly.insns));
    insns
}

/// Words of `check_helper_call`, `kernel/bpf/verifier.c` (4.4 to 6.12), that say that programs of this type may not.
const DENIALS: [&str; 4] =
    ["invalid func ", "unknown func ", "cannot use helper ", "not allowed in probe"];

/// Whether programs of a type can be told to sleep, as a few helpers want (`can_be_sleepable`, `kernel/bpf/verifier.c`,
/// 6.12).
fn can_sleep(prog_type: u32) -> bool {
    use ProgType::{Kprobe, Lsm, StructOps, Syscall, Tracing};
    [Kprobe, Lsm, StructOps, Syscall, Tracing].iter().any(|ty| ty.number() == prog_type)
}

/// Whether a program may call something; `None` if it cannot be told.
fn may(template: &ProgLoad<'_>, callee: Callee) -> Option<bool> {
    let mut log = [0; LOG_BYTES];
    match load_as(template, &calling(callee), &mut log) {
        Ok(_) => Some(true),
        Err(Errno::EPERM) => None,
        Err(_) => {
            let text = programs::text(&log);
            let is_denied = DENIALS.iter().any(|words| text.contains(words))
                || text.contains("might sleep") && !can_sleep(template.prog_type);
            // Without a log the kernel did not get as far as the instructions.
            text.contains("call ").then_some(!is_denied)
        }
    }
}

/// Whether a program of type `ty` may call helper `id`; `None` if it cannot be told.
pub(super) fn may_call_helper(kernel: &Kernel, ty: ProgType, id: u32) -> Option<bool> {
    may(&template(kernel, ty), Callee::Helper(id))
}

/// Tries to call one helper from a program of type `ty`; `None` if it cannot be told.
pub fn may_call(kernel: &Kernel, ty: ProgType, helper: &Helper) -> Option<bool> {
    may_call_helper(kernel, ty, helper.id)
}

/// Tries to call every helper from a program of type `ty`; those that this kernel lets it call.
/// `None` if such programs cannot be loaded at all.
pub fn probe_helpers(kernel: &Kernel, ty: ProgType) -> Option<Vec<&'static Helper>> {
    let template = template(kernel, ty);
    let mut callable = Vec::new();
    for helper in helpers() {
        if may(&template, Callee::Helper(helper.id))? {
            callable.push(helper);
        }
    }
    Some(callable)
}

/// The kernel functions that are meant for programs: those that BTF tags `bpf_kfunc` (pahole 1.26), and where it tags
/// none, those that are known by name. Those of the kernel first, each part by name.
pub fn kernel_functions(kernel: &Kernel) -> Vec<KernelFunction> {
    let Some(vmlinux) = kernel.btf() else { return Vec::new() };
    let mut found = of_btf(vmlinux, None, vmlinux.ids());
    for (module, btf) in kernel.modules() {
        found.extend(of_btf(btf, Some(module), btf.ids()));
    }
    found
}

fn of_btf(
    btf: &Btf,
    module: Option<&str>,
    ids: impl Iterator<Item = TypeId> + Clone,
) -> Vec<KernelFunction> {
    let mut found = BTreeMap::new();
    for id in ids.clone().filter(|id| btf.kind(*id) == Some(Kind::DeclTag)) {
        if let Ok(Type::DeclTag { name: "bpf_kfunc", target, component_idx: None, .. }) = btf.ty(id)
            // Compilers call it where a program must not go.
            && btf.name(target) != "__bpf_trap"
        {
            found.insert(btf.name(target).to_owned(), target);
        }
    }
    if found.is_empty() {
        let functions = ids.filter(|id| btf.kind(*id) == Some(Kind::Func));
        let known = functions.filter(|id| kfunc(btf.name(*id)).is_some());
        found.extend(known.map(|id| (btf.name(id).to_owned(), id)));
    }
    let functions = found.into_iter().map(|(name, id)| KernelFunction {
        name,
        module: module.map(str::to_owned),
        id,
    });
    functions.collect()
}

/// Which of `functions` a program of type `ty` may call; `None` if that cannot be told. Those of modules, which need a
/// file descriptor of the module's types, are judged by what is known of them.
pub fn probe_kernel_functions<'f>(
    kernel: &Kernel,
    ty: ProgType,
    functions: &'f [KernelFunction],
) -> Option<Vec<&'f KernelFunction>> {
    let template = template(kernel, ty);
    let mut callable = Vec::new();
    for function in functions {
        let may = match function.module {
            None => may_call_function(&template, ty, function)?,
            Some(_) => kfunc(&function.name).is_some_and(|row| row.progs.contains(ty)),
        };
        if may {
            callable.push(function);
        }
    }
    Some(callable)
}

fn may_call_function(
    template: &ProgLoad<'_>,
    ty: ProgType,
    function: &KernelFunction,
) -> Option<bool> {
    let mut log = [0; LOG_BYTES];
    let callee = Callee::Kfunc { id: function.id.0, off: 0 };
    match load_as(template, &calling(callee), &mut log) {
        Ok(_) => Some(true),
        Err(Errno::EPERM) => None,
        Err(_) => {
            let text = programs::text(&log);
            // Words of `check_kfunc_call` and `add_kfunc_call`, `kernel/bpf/verifier.c` (6.12).
            let denials =
                ["is not allowed", "not supported without", "JIT ", "cannot find address"];
            if text.contains("device-bound") {
                // Programs for one device only, which none is here.
                return Some(kfunc(&function.name).is_some_and(|row| row.progs.contains(ty)));
            }
            let is_judged = text.contains("call ") || text.contains("kernel function");
            is_judged.then(|| !denials.iter().any(|words| text.contains(words)))
        }
    }
}

/// The names of the iterators that the kernel has functions for.
pub(super) fn iterator_names(kernel: &Kernel) -> Vec<(String, u32)> {
    const PREFIX: &str = "bpf_iter_";
    let Some(btf) = kernel.btf() else { return Vec::new() };
    let mut names = BTreeMap::new();
    for id in btf.ids().filter(|id| btf.kind(*id) == Some(Kind::Func)) {
        let Some(name) = btf.name(id).strip_prefix(PREFIX) else { continue };
        let is_open_coded =
            ["_new", "_next", "_destroy"].iter().any(|suffix| name.ends_with(suffix));
        if !is_open_coded {
            names.insert(name.to_owned(), id.0);
        }
    }
    names.into_iter().collect()
}

/// The names of the structs of operations that the kernel and its modules let programs implement.
pub(super) fn struct_ops_names(kernel: &Kernel) -> Vec<(String, Option<String>)> {
    const PREFIX: &str = "bpf_struct_ops_";
    let Some(vmlinux) = kernel.btf() else { return Vec::new() };
    let modules = kernel.modules().iter().map(|(name, btf)| (Some(name.clone()), btf));
    let mut names = BTreeMap::new();
    for (module, btf) in std::iter::once((None, &**vmlinux)).chain(modules) {
        let structs = btf.ids().filter(|id| btf.kind(*id) == Some(Kind::Struct));
        let candidates: Vec<&str> =
            structs.filter_map(|id| btf.name(id).strip_prefix(PREFIX)).collect();
        // A type of the registry itself, not of something registered, has no such struct.
        let registered = btf.find_all(&candidates, KindSet::STRUCT);
        for (name, _) in candidates.iter().zip(registered).filter(|(_, ids)| !ids.is_empty()) {
            names.entry((*name).to_owned()).or_insert(module.clone());
        }
    }
    names.into_iter().collect()
}
