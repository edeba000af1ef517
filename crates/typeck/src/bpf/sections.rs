//! Sections of programs: they say which kind of program a function is.

use crate::hir::{FuncId, Module};
use bpfc_base::codes::bpf::{E0407, W0407};
use bpfc_base::{Diagnostic, Edit, ExpnId, Session};
use bpfc_kabi::{ProgType, bench, guess_section, parse_section, section_candidates};

/// A function that the kernel runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program {
    pub func: FuncId,
    pub ty: ProgType,
}

/// Reports sections that name no program type; the programs.
///
/// Since 1.0 libbpf loads only programs whose sections it knows, unless the loader sets the type; the compiler does not
/// mind. So a section that goes on behind a known name is taken for that one, a misspelt one is an error, and any other
/// may be meant.
pub(super) fn check(session: &mut Session, module: &Module) -> Vec<Program> {
    let mut programs = Vec::new();
    for (id, func) in module.funcs.iter_enumerated() {
        let Some(section) = func.section.filter(|_| func.body.is_some()) else {
            continue;
        };
        let section = session.names.resolve_shared(section);
        if let Some(found) = parse_section(&section) {
            programs.push(Program { func: id, ty: found.def.prog });
            continue;
        }
        if matches!(&*section, ".text" | ".ksyms" | bench::TEST_SECTION | bench::SETUP_SECTION) {
            continue;
        }
        if let Some(found) = guess_section(&section) {
            programs.push(Program { func: id, ty: found.def.prog });
        }
        report(session, &section, func.section_span);
    }
    programs
}

fn report(session: &mut Session, section: &str, span: bpfc_base::Span) {
    let message = format!("the section `{section}` is of no known program type");
    let guess = guess_section(section);
    let candidates = section_candidates(section);
    let is_misspelt = candidates.first().is_some_and(|known| is_slip(section, known));
    let code = if guess.is_none() && is_misspelt { E0407 } else { W0407 };
    let mut diagnostic = Diagnostic::new(code, span, message);
    if let Some(found) = guess {
        diagnostic = diagnostic.with_note(format!(
            "it is taken for `{}`, but libbpf 1.0 and later want its type from the loader",
            found.def.name
        ));
    }
    if let Some(candidate) = candidates.first() {
        let suggestion = with_target(section, candidate);
        let text = format!("did you mean `{suggestion}`?");
        let is_literal = session.sources.text(span) == format!("\"{section}\"");
        diagnostic = if span.expn == ExpnId::ROOT && is_literal {
            let replacement = format!("\"{suggestion}\"");
            diagnostic.with_edit(text, vec![Edit { span, replacement }])
        } else {
            diagnostic.with_help(text)
        };
    }
    session.report(diagnostic);
}

/// Whether `section` is `known` with two letters swapped, or with one letter more, less or other.
fn is_slip(section: &str, known: &str) -> bool {
    let head = section.split('/').next().unwrap_or(section);
    let name = if known.contains('/') { section } else { head };
    if name.len() < 3 {
        return false;
    }
    let sorted = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    let n_equal = name.bytes().zip(known.bytes()).take_while(|(a, b)| a == b).count();
    let n_equal_behind =
        name.bytes().rev().zip(known.bytes().rev()).take_while(|(a, b)| a == b).count();
    let longest = name.len().max(known.len());
    let is_one_letter = name.len() > 3
        && name.len().abs_diff(known.len()) <= 1
        && n_equal + n_equal_behind + 1 >= longest;
    is_one_letter || (name != known && sorted(name) == sorted(known))
}

/// `candidate` with the target of `section`, if it takes one.
fn with_target(section: &str, candidate: &str) -> String {
    if let Some((_, target)) = section.split_once('/') {
        let whole = format!("{candidate}/{target}");
        if parse_section(&whole).is_some() {
            return whole;
        }
    }
    candidate.to_owned()
}
