//! Checks an object against kernels that need not be running: what each lacks, and what its verifier would say.
//!
//! What a kernel has is asked of its BTF, which also knows what a distribution took over from later releases: helpers,
//! map, program and attach types are enumerators there. Without BTF, and for instructions, the release decides.
//! Only what the verifier reaches counts: with CO-RE relocations applied, `bpf_core_field_exists` and the like decide
//! at once which way is taken.

mod facts;
mod findings;
mod hooks;
mod needs;

use crate::Object;
use crate::verify::Observer;
use bpfc_base::{Session, codes};
use bpfc_btf::Btf;
use bpfc_kabi::KernelVersion;
use bpfc_object::{CoreTarget, FuncId, Linked, Reference, link};
use bpfc_verifier::VerifyOptions;
use facts::Facts;
use findings::{Findings, Lack};
use std::sync::Arc;

/// A kernel to check against.
#[derive(Clone, Debug)]
pub struct TargetKernel {
    /// Its release.
    pub version: KernelVersion,
    /// Its types; without them, CO-RE relocations and names of functions are not checked.
    pub btf: Option<Arc<Btf>>,
    /// Whether programs are loaded by a user without privileges.
    pub unprivileged: bool,
}

/// Checks `object` against each of `kernels`, which are sorted by version, and reports to `session`, which knows the
/// sources of the object if it was compiled in this session. One report tells for which of the kernels it holds.
pub fn check_kernels(session: &mut Session, object: &Object, kernels: &[TargetKernel]) {
    check_kernels_observed(session, object, kernels, &mut |_, _| {});
}

/// As [`check_kernels`]; `observer` is told of each program with each kernel.
pub fn check_kernels_observed(
    session: &mut Session,
    object: &Object,
    kernels: &[TargetKernel],
    observer: &mut Observer<'_>,
) {
    crate::verify::undefined(object).into_iter().for_each(|report| session.report(report));
    let local = (object.btf.n_types() > 0).then(|| object.open_btf().ok()).flatten();
    let mut findings = Findings::default();
    let all: Vec<Facts<'_>> = kernels.iter().map(Facts::new).collect();
    for (idx, facts) in all.iter().enumerate() {
        findings.begin(idx);
        needs::of_maps(object, facts, &mut findings);
        for (program, function) in object.programs() {
            let is_optional = function.section.starts_with('?');
            let mark = findings.mark();
            let mut check =
                Check { session, object, local: local.as_ref(), facts, findings: &mut findings };
            let is_complete = check.program(program, &all, observer);
            if is_optional && !is_complete {
                // The loader is to load it only where it can be loaded.
                findings.forget(mark);
            }
        }
    }
    findings.report(session, kernels);
}

/// One kernel at work.
struct Check<'a, 'k> {
    session: &'a Session,
    object: &'a Object,
    local: Option<&'a Btf>,
    facts: &'a Facts<'k>,
    findings: &'a mut Findings,
}

impl Check<'_, '_> {
    /// Checks one program; false if the kernel lacks something that it needs.
    fn program(&mut self, program: FuncId, all: &[Facts<'_>], observer: &mut Observer<'_>) -> bool {
        let function = &self.object.functions[program];
        let Ok(mut linked) = link(self.object, program) else {
            // `crate::verify` reports it.
            let options = self.options();
            crate::verify::verify_program(self.session, self.object, program, &options, observer)
                .into_iter()
                .for_each(|diagnostic| self.findings.tell(diagnostic));
            return false;
        };
        let mark = self.findings.mark();
        if !needs::of_section(function, &linked, self.facts, self.findings) {
            return false;
        }
        hooks::check(function, self.facts, all, self.findings);
        self.externs(&mut linked);
        let unanswered = self.relocate(&mut linked);
        let options = self.options();
        let report =
            crate::verify::verify_linked(self.session, self.object, &linked, &options, observer);
        needs::of_code(self.object, &linked, &report.reached, self.facts, self.findings);
        for (insn_idx, lack) in unanswered {
            if report.reached.get(insn_idx as usize) == Some(&true) {
                self.findings.lack(lack);
            }
        }
        let is_complete = self.findings.mark() == mark;
        report.diagnostics.into_iter().for_each(|diagnostic| self.findings.tell(diagnostic));
        is_complete
    }

    fn options(&self) -> VerifyOptions {
        VerifyOptions {
            kernel: Some(self.facts.version()),
            kernel_btf: self.facts.shared_btf(),
            ignores_availability: true,
            unprivileged: self.facts.is_unprivileged(),
            ..VerifyOptions::default()
        }
    }

    /// Weak symbols that the kernel does not have are null.
    fn externs(&mut self, linked: &mut Linked) {
        for insn in &mut linked.insns {
            if let Some(Reference::Extern(id)) = insn.reference
                && self.object.externs[id].is_weak
                && self.facts.has_extern(self.local, &self.object.externs[id]) == Some(false)
                && matches!(insn.insn, bpfc_isa::Insn::LoadImm64 { .. })
            {
                insn.reference = None;
            }
        }
    }

    /// Applies CO-RE relocations; instructions that have no answer, and what they ask for.
    fn relocate(&mut self, linked: &mut Linked) -> Vec<(u32, Lack)> {
        let (Some(local), Some(btf)) = (self.local, self.facts.btf()) else {
            return Vec::new();
        };
        let mut lacks: Vec<(u32, Lack)> = needs::missing_externs(self.object, linked, |item| {
            self.facts.has_extern(Some(local), item)
        });
        match CoreTarget::new(local, vec![btf]).apply_known(linked) {
            Ok(poisoned) => {
                lacks.extend(poisoned.into_iter().map(|poisoned| {
                    let span = linked.insns[poisoned.insn_idx as usize].span;
                    (poisoned.insn_idx, needs::of_relocation(&poisoned, span))
                }));
            }
            Err(error) => {
                let is_it = |insn: &&bpfc_object::LinkedInsn| insn.insn_idx == error.insn_idx;
                let span = linked.insns.iter().find(is_it).map(|insn| insn.span);
                let text = format!("a CO-RE relocation fails: {}", error.reason);
                let span = span.unwrap_or_default();
                self.findings.tell(bpfc_base::Diagnostic::new(codes::btf::E0603, span, text));
            }
        }
        lacks
    }
}
