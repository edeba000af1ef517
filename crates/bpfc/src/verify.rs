//! What the kernel's verifier would say.

use crate::Object;
use bpfc_base::{Diagnostic, Session, Span, codes};
use bpfc_btf::Btf;
use bpfc_kabi::KernelVersion;
use bpfc_object::{
    CoreTarget, ExternId, ExternKind, FuncId, Function, LinkError, Linked, ObjInsn, Reference,
    Reloc, link,
};
use bpfc_verifier::{Report, VerifyOptions};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// One program that was verified.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a> {
    /// The program.
    pub linked: &'a Linked,
    /// The kernel whose rules were applied; none for the rules of all.
    pub kernel: Option<KernelVersion>,
    /// What was found.
    pub report: &'a Report,
    /// How long it took.
    pub time: Duration,
}

/// Is told of each program that was verified.
pub type Observer<'a> = dyn FnMut(&Session, &Verified<'_>) + 'a;

/// Verifies every program of `object`; what is wrong is reported to `session`, which knows
/// the sources of the object if it was compiled in this session. What other objects have to define
/// is reported once for each name.
pub fn verify(session: &mut Session, object: &Object, options: &VerifyOptions) {
    verify_observed(session, object, options, &mut |_, _| {});
}

/// As [`verify`]; `observer` is told of each program.
pub fn verify_observed(
    session: &mut Session,
    object: &Object,
    options: &VerifyOptions,
    observer: &mut Observer<'_>,
) {
    undefined(object).into_iter().for_each(|report| session.report(report));
    let programs: Vec<_> = object.programs().map(|(id, _)| id).collect();
    for program in programs {
        let diagnostics = verify_program(session, object, program, options, observer);
        diagnostics.into_iter().for_each(|d| session.report(d));
    }
}

/// What is wrong with one program. That it uses what is not defined is left to [`undefined`].
pub(crate) fn verify_program(
    session: &Session,
    object: &Object,
    program: FuncId,
    options: &VerifyOptions,
    observer: &mut Observer<'_>,
) -> Vec<Diagnostic> {
    match link(object, program) {
        Ok(linked) => verify_relocated(session, object, &linked, options, observer).diagnostics,
        Err(LinkError::Missing { .. }) => Vec::new(),
        Err(error) => {
            let span = object.functions[program].span;
            vec![Diagnostic::new(codes::object::E0803, span, error.to_string())]
        }
    }
}

/// Verifies a program, with the kernel's types ([`VerifyOptions::kernel_btf`]) after the relocations that they answer. Where
/// the program comes to one that they do not, these types are not its kernel's, and it is verified without.
pub(crate) fn verify_relocated(
    session: &Session,
    object: &Object,
    linked: &Linked,
    options: &VerifyOptions,
    observer: &mut Observer<'_>,
) -> Report {
    let relocated = options.kernel_btf.as_deref().and_then(|btf| relocate(object, linked, btf));
    let start = Instant::now();
    if let Some((relocated, unanswered)) = relocated {
        let report = bpfc_verifier::verify(object, &relocated, options, &session.sources);
        let is_reached = |insn_idx: &u32| report.reached.get(*insn_idx as usize) == Some(&true);
        if !unanswered.iter().any(is_reached) {
            let time = start.elapsed();
            let linked = &relocated;
            observer(session, &Verified { linked, kernel: options.kernel, report: &report, time });
            return report;
        }
    }
    let options = VerifyOptions { kernel_btf: None, ..options.clone() };
    verify_linked(session, object, linked, &options, observer)
}

/// The program as a kernel with these types would have it, and the instructions that have no answer; none if the program is
/// for another machine, or asks how the kernel is configured, such as for its release, which its types do not tell.
fn relocate(object: &Object, linked: &Linked, btf: &Btf) -> Option<(Linked, Vec<u32>)> {
    let asks_config = linked.insns.iter().any(|insn| match insn.reference {
        Some(Reference::Extern(id)) => {
            matches!(object.externs[id].kind, ExternKind::Kconfig { .. })
        }
        _ => false,
    });
    if asks_config {
        return None;
    }
    let mut relocated = linked.clone();
    if object.btf.n_types() == 0 {
        return Some((relocated, Vec::new()));
    }
    let local = object.open_btf().ok().filter(|local| local.endian() == btf.endian())?;
    let poisoned = CoreTarget::new(&local, vec![btf]).apply_known(&mut relocated).ok()?;
    Some((relocated, poisoned.into_iter().map(|poisoned| poisoned.insn_idx).collect()))
}

/// Verifies a program, and tells `observer`.
pub(crate) fn verify_linked(
    session: &Session,
    object: &Object,
    linked: &Linked,
    options: &VerifyOptions,
    observer: &mut Observer<'_>,
) -> Report {
    let start = Instant::now();
    let report = bpfc_verifier::verify(object, linked, options, &session.sources);
    let time = start.elapsed();
    observer(session, &Verified { linked, kernel: options.kernel, report: &report, time });
    report
}

/// A report for each name that another object has to define, where it is first used.
pub(crate) fn undefined(object: &Object) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let mut reports = Vec::new();
    for function in &object.functions {
        for insn in &function.insns {
            let Some(Reloc::Extern(id)) = insn.reloc else { continue };
            let is_missing = object.externs.get(id).is_some_and(|item| item.kind.is_of_object());
            if is_missing && seen.insert(id) {
                reports.push(undefined_report(object, id, function, insn));
            }
        }
    }
    reports
}

fn undefined_report(
    object: &Object,
    id: ExternId,
    function: &Function,
    insn: &ObjInsn,
) -> Diagnostic {
    let item = &object.externs[id];
    let (noun, name) = (item.kind.noun(), &item.name);
    let message = format!("the {noun} `{name}` is declared but not defined");
    let report = match insn.span {
        Span::NONE => Diagnostic::without_span(codes::object::E0803, message),
        span => Diagnostic::new(codes::object::E0803, span, message),
    };
    let place = match &insn.line {
        Some(line) if insn.span == Span::NONE => format!(" at {}:{}", line.file, line.line),
        _ => String::new(),
    };
    let of_kernel = match item.kind {
        ExternKind::Map => "",
        _ => "; what the kernel defines is declared with `__ksym`",
    };
    report.with_note(format!("`{}` uses it{place}", function.name)).with_help(format!(
        "link it with the object that defines `{name}`: `bpfc link A.o B.o -o OUT.o`{of_kernel}"
    ))
}
