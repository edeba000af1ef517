//! What an object needs of a kernel.

use super::facts::Facts;
use super::findings::{Findings, Lack};
use crate::Object;
use bpfc_base::{Span, codes};
use bpfc_isa::{AtomicOp, Callee, Cpu, Insn, Wide};
use bpfc_kabi::{Feature, KernelVersion, ProgType, guess_section, helper_by_id, map_flags};
use bpfc_object::{
    Extern, ExternKind, Function, Linked, LinkedInsn, Map, Poisoned, PoisonedBecause, Reference,
};

/// Instructions of a program before Linux 5.2 (`BPF_MAXINSNS`).
const MAX_OLD_INSNS: u32 = 4096;
/// `bpf_tail_call`
const TAIL_CALL: u32 = 12;

/// Types and flags of maps.
pub fn of_maps(object: &Object, facts: &Facts<'_>, findings: &mut Findings) {
    for map in &object.maps {
        of_map(map, map.span, facts, findings);
        if let Some(inner) = &map.inner {
            of_map(inner, map.span, facts, findings);
        }
    }
}

fn of_map(map: &Map, span: Span, facts: &Facts<'_>, findings: &mut Findings) {
    let code = codes::btf::E0608;
    let lack = |what, since| Lack { code, span, what, since: Some(since), help: None };
    if let Some(ty) = map.kind()
        && !facts.has_map_type(ty)
    {
        findings.lack(lack(format!("maps of type `{}`", ty.name()), ty.info().since));
        return;
    }
    let flags = map_flags().iter().filter(|flag| map.map_flags & flag.value != 0);
    for flag in flags.filter(|flag| !facts.is_since(flag.since)) {
        findings.lack(lack(format!("map flag `{}`", flag.name), flag.since));
    }
}

/// Program type, attach type and what else the section says; false if nothing more can be said of such a program.
pub fn of_section(
    function: &Function,
    linked: &Linked,
    facts: &Facts<'_>,
    findings: &mut Findings,
) -> bool {
    let span = function.span;
    if let Some(ty) = linked.prog_type
        && !facts.has_prog_type(ty)
    {
        let what = format!("programs of type `{}`", ty.name());
        let since = Some(ty.since());
        findings.lack(Lack { code: codes::btf::E0609, span, what, since, help: None });
        return false;
    }
    let Some(section) = guess_section(&function.section) else {
        return true;
    };
    let flags = section.def.flags;
    // `tc/ingress` names a link of 6.6, but is loaded and attached the old way as well.
    let is_optional = flags.is_attach_optional || section.def.name.starts_with("tc/");
    if let Some(ty) = section.def.attach.filter(|_| !is_optional)
        && !facts.has_attach_type(ty)
    {
        let what = format!("attach type `{}`", ty.name());
        let since = Some(ty.since());
        findings.lack(Lack { code: codes::btf::E0610, span, what, since, help: None });
    }
    let feature = match section.def.prog {
        _ if flags.has_xdp_frags => Some(Feature::XdpFrags),
        ProgType::Kprobe if flags.is_sleepable => Some(Feature::SleepableUprobes),
        ProgType::Syscall => None,
        _ if flags.is_sleepable => Some(Feature::Sleepable),
        _ => None,
    };
    if let Some(feature) = feature {
        of_feature(feature, span, facts, findings);
    }
    true
}

fn of_feature(feature: Feature, span: Span, facts: &Facts<'_>, findings: &mut Findings) {
    if !facts.is_since(feature.since()) {
        findings.lack(Lack {
            code: codes::btf::E0613,
            span,
            what: feature.name().to_owned(),
            since: Some(feature.since()),
            help: None,
        });
    }
}

/// Helpers that are called where the code is reached, and instructions anywhere: a kernel refuses those that it does
/// not know before it looks at paths (`resolve_pseudo_ldimm64`, `kernel/bpf/verifier.c`, 5.10).
pub fn of_code(
    object: &Object,
    linked: &Linked,
    reached: &[bool],
    facts: &Facts<'_>,
    findings: &mut Findings,
) {
    let mut seen: Vec<Feature> = Vec::new();
    if linked.insns.iter().map(|insn| insn.insn.slots()).sum::<u32>() > MAX_OLD_INSNS {
        let span = object.functions[linked.func].span;
        of_feature(Feature::LargePrograms, span, facts, findings);
    }
    for (insn, is_reached) in linked.insns.iter().zip(reached) {
        if let Insn::Call(Callee::Helper(id)) = insn.insn
            && *is_reached
        {
            of_helper(id, insn.span, linked.prog_type, facts, findings);
        }
        if let Some(feature) = use_feature(object, linked, insn).filter(|it| !seen.contains(it)) {
            seen.push(feature);
            of_feature(feature, insn.span, facts, findings);
        }
        if let Some(feature) = insn_feature(&insn.insn).filter(|it| !seen.contains(it))
            && !facts.is_since(feature.since())
        {
            seen.push(feature);
            findings.lack(Lack {
                code: codes::btf::E0612,
                span: insn.span,
                what: format!("instruction `{}` ({})", insn.insn, feature.name()),
                since: Some(feature.since()),
                help: instruction_help(feature),
            });
        }
    }
}

fn of_helper(
    id: u32,
    span: Span,
    prog: Option<ProgType>,
    facts: &Facts<'_>,
    findings: &mut Findings,
) {
    let Some(helper) = helper_by_id(id) else {
        // The verifier reports it.
        return;
    };
    let lack = |what, since, help| Lack { code: codes::btf::E0606, span, what, since, help };
    if !facts.has_helper(helper) {
        let enumerator = helper.name.trim_start_matches("bpf_");
        let help = format!(
            "guard the call: `if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_{enumerator}))`"
        );
        let what = format!("helper `{}`", helper.name);
        findings.lack(lack(what, Some(helper.since), Some(help)));
        return;
    }
    let Some(prog) = prog else {
        return;
    };
    // What the tables do not know of any kernel is not a matter of this one.
    let is_allowed = |kernel| helper.is_allowed(prog, kernel);
    let newest = KernelVersion::new(u16::MAX, 0);
    let from = facts.version().max(helper.since);
    if !is_allowed(Some(from)) && facts.is_since(prog.since()) {
        let later = helper.progs_later.iter().find(|(_, progs)| progs.contains(prog));
        if let Some((since, _)) = later.filter(|_| is_allowed(Some(newest))) {
            let what = format!("helper `{}` for programs of type `{}`", helper.name, prog.name());
            findings.lack(lack(what, Some(*since), None));
        }
    }
}

/// What an instruction needs that all kernels with BTF do not have.
fn insn_feature(insn: &Insn) -> Option<Feature> {
    match insn {
        Insn::LoadAcquire { .. } | Insn::StoreRelease { .. } => Some(Feature::LoadAcquire),
        Insn::MayGoto { .. } => Some(Feature::MayGoto),
        Insn::Atomic { op, .. } if *op != AtomicOp::Add => Some(Feature::FetchingAtomics),
        _ => match insn.min_cpu() {
            Cpu::V1 => None,
            Cpu::V2 => Some(Feature::IsaV2),
            Cpu::V3 => Some(Feature::IsaV3),
            Cpu::V4 => Some(Feature::IsaV4),
        },
    }
}

fn instruction_help(feature: Feature) -> Option<String> {
    match feature {
        Feature::IsaV2 => Some("compile with `--cpu v1`".into()),
        Feature::IsaV3 => Some("compile with `--cpu v2`".into()),
        Feature::IsaV4 => Some("compile with `--cpu v3`".into()),
        Feature::FetchingAtomics => {
            Some("an addition whose result is not used needs no new instruction".into())
        }
        _ => None,
    }
}

/// What an instruction needs by what it refers to.
fn use_feature(object: &Object, linked: &Linked, insn: &LinkedInsn) -> Option<Feature> {
    match (insn.reference, insn.insn) {
        (Some(Reference::Data { .. }), _) => Some(Feature::GlobalData),
        (Some(Reference::Extern(id)), _) => match object.externs[id].kind {
            ExternKind::Kconfig { .. } => Some(Feature::GlobalData),
            _ => None,
        },
        (None, Insn::Call(Callee::Local { .. })) => Some(Feature::SubprogCalls),
        (None, Insn::Call(Callee::Helper(TAIL_CALL))) if linked.subprogs.len() > 1 => {
            Some(Feature::MixedTailCalls)
        }
        (None, insn) if insn.jump_offset().is_some_and(|off| off < 0) => {
            Some(Feature::BoundedLoops)
        }
        (None, Insn::LoadImm64 { value: Wide::Func { .. }, .. }) => Some(Feature::Callbacks),
        _ => None,
    }
}

/// Kernel functions and variables that are not there, with the instructions that use them.
pub fn missing_externs(
    object: &Object,
    linked: &Linked,
    has: impl Fn(&Extern) -> Option<bool>,
) -> Vec<(u32, Lack)> {
    let mut known: Vec<Option<bool>> = vec![None; object.externs.len()];
    let mut missing = Vec::new();
    for (insn_idx, insn) in (0..).zip(&linked.insns) {
        let Some(Reference::Extern(id)) = insn.reference else {
            continue;
        };
        let item = &object.externs[id];
        let is_there =
            known[bpfc_base::Idx::index(id)].get_or_insert_with(|| has(item) != Some(false));
        if *is_there {
            continue;
        }
        let (what, help) = match item.kind {
            ExternKind::Kfunc => ("kernel function", "bpf_ksym_exists"),
            _ => ("variable", "bpf_ksym_exists"),
        };
        let help = match item.is_weak {
            true => format!("guard it with `{help}`"),
            false => format!("declare it `__weak` and guard it with `{help}`"),
        };
        let since = bpfc_kabi::kfunc(&item.name).and_then(|row| row.since);
        missing.push((
            insn_idx,
            Lack {
                code: codes::btf::E0607,
                span: insn.span,
                what: format!("{what} `{}`", item.name),
                since,
                help: Some(help),
            },
        ));
    }
    missing
}

/// A CO-RE relocation without an answer.
pub fn of_relocation(poisoned: &Poisoned, span: Span) -> Lack {
    let asked = &poisoned.asked;
    let guard = match poisoned.reason {
        _ if asked.contains("::") => "bpf_core_enum_value_exists",
        PoisonedBecause::NoType if !asked.contains('.') => "bpf_core_type_exists",
        _ => "bpf_core_field_exists",
    };
    let what = match poisoned.reason {
        PoisonedBecause::NoType | PoisonedBecause::NoMatch => format!("`{asked}`"),
        PoisonedBecause::SizeDiffers { local_bytes, target_bytes } => {
            format!("`{asked}` of {local_bytes} bytes, but one of {target_bytes}")
        }
    };
    let help = match poisoned.reason {
        PoisonedBecause::SizeDiffers { .. } => {
            "read it with `BPF_CORE_READ_INTO` or as a bit-field".into()
        }
        _ => format!(
            "guard it with `{guard}`, or describe the other variant in a type with a `___suffix`"
        ),
    };
    Lack { code: codes::btf::E0603, span, what, since: None, help: Some(help) }
}
