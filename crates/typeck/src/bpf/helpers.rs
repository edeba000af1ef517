//! Helpers that a program may not call: for want of a license, or of another program type.

use super::calls::CallGraph;
use super::sections::Program;
use crate::hir::{Callee, FuncId, Module};
use bpfc_base::codes::bpf::{E0406, E0409};
use bpfc_base::{Diagnostic, Edit, IndexVec, Session, Span};
use bpfc_kabi::{GPL_COMPATIBLE_LICENSES, Helper, helper_by_id, is_gpl_compatible};

/// Reports calls of GPL-only helpers from a program without a GPL-compatible license.
pub(super) fn check_license(session: &mut Session, module: &Module, graph: &CallGraph) {
    let license = module.license(&session.names);
    if license.as_ref().is_some_and(|(text, _)| is_gpl_compatible(text)) {
        return;
    }
    for calls in graph.calls.iter() {
        for call in calls {
            let Callee::Helper(id) = call.callee else {
                continue;
            };
            let Some(helper) = helper_by_id(id).filter(|helper| helper.gpl_only) else {
                continue;
            };
            let message = format!("`{}` is for programs under the GPL only", helper.name);
            let mut diagnostic = Diagnostic::new(E0406, call.span, message);
            diagnostic = match &license {
                Some((text, span)) => {
                    diagnostic.with_note_at(*span, format!("the license is `{text}` here"))
                }
                None => diagnostic.with_note("the program has no license section"),
            };
            let diagnostic = match license {
                Some(_) => {
                    let known = GPL_COMPATIBLE_LICENSES.map(|license| format!("`{license}`"));
                    diagnostic.with_help(format!("the kernel takes these: {}", known.join(", ")))
                }
                None => {
                    let declaration = "char LICENSE[] SEC(\"license\") = \"GPL\";";
                    let help = format!("add `{declaration}`");
                    let root = session.sources.root(call.span);
                    match session.sources.file_at(root.lo) {
                        Some(file) => {
                            let file = session.sources.file(file);
                            let end = file.start + file.text.len() as u32;
                            let line_break = if file.text.ends_with('\n') { "" } else { "\n" };
                            let replacement = format!("{line_break}\n{declaration}\n");
                            let edit = Edit { span: Span::new(end, end), replacement };
                            diagnostic.with_edit(help, vec![edit])
                        }
                        None => diagnostic.with_help(help),
                    }
                }
            };
            session.report(diagnostic);
        }
    }
}

/// Reports calls of helpers that no program around them has. A function that programs of
/// several types share may choose among helpers by an argument, so it takes one that has it.
pub(super) fn check_availability(
    session: &mut Session,
    module: &Module,
    graph: &CallGraph,
    programs: &[Program],
) {
    let mut around: IndexVec<FuncId, Vec<&Program>> =
        IndexVec::from_elem(Vec::new(), module.funcs.len());
    for program in programs {
        for func in graph.reachable(program.func) {
            around[func].push(program);
        }
    }
    for (func, programs) in around.iter_enumerated() {
        let Some(first) = programs.first() else {
            continue;
        };
        for call in &graph.calls[func] {
            let Callee::Helper(id) = call.callee else {
                continue;
            };
            let Some(helper) = helper_by_id(id) else {
                continue;
            };
            if !programs.iter().any(|program| helper.is_allowed(program.ty, None)) {
                report_unavailable(session, module, first, helper, call.span);
            }
        }
    }
}

fn report_unavailable(
    session: &mut Session,
    module: &Module,
    program: &Program,
    helper: &Helper,
    span: Span,
) {
    let func = &module.funcs[program.func];
    let name = session.name(func.name).to_owned();
    let ty = program.ty.name();
    let message = format!("`{}` cannot be called from a program of type `{ty}`", helper.name);
    let mut diagnostic = Diagnostic::new(E0409, span, message)
        .with_note_at(func.section_span, format!("`{name}` is one: its section says so"));
    let allowed: Vec<String> =
        helper.progs.iter().map(|ty| format!("`{}`", ty.name())).take(6).collect();
    if !allowed.is_empty() && allowed.len() < 6 {
        diagnostic = diagnostic.with_note(format!("it is for {}", allowed.join(", ")));
    }
    session.report(diagnostic);
}
