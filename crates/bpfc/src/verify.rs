//! What the kernel's verifier would say.

use crate::Object;
use bpfc_base::{Diagnostic, Session, codes};
use bpfc_object::{FuncId, link};
use bpfc_verifier::VerifyOptions;

/// Verifies every program of `object`; what is wrong is reported to `session`, which knows
/// the sources of the object if it was compiled in this session.
pub fn verify(session: &mut Session, object: &Object, options: &VerifyOptions) {
    let programs: Vec<_> = object.programs().map(|(id, _)| id).collect();
    for program in programs {
        let diagnostics = verify_program(session, object, program, options);
        diagnostics.into_iter().for_each(|d| session.report(d));
    }
}

/// What is wrong with one program.
pub(crate) fn verify_program(
    session: &Session,
    object: &Object,
    program: FuncId,
    options: &VerifyOptions,
) -> Vec<Diagnostic> {
    match link(object, program) {
        Ok(linked) => bpfc_verifier::verify(object, &linked, options, &session.sources).diagnostics,
        Err(error) => {
            let span = object.functions[program].span;
            vec![Diagnostic::new(codes::object::E0803, span, error.to_string())]
        }
    }
}
