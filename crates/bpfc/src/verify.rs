//! What the kernel's verifier would say.

use crate::Object;
use bpfc_base::{Diagnostic, Session, codes};
use bpfc_object::link;
use bpfc_verifier::VerifyOptions;

/// Verifies every program of `object`; what is wrong is reported to `session`, which knows
/// the sources of the object if it was compiled in this session.
pub fn verify(session: &mut Session, object: &Object, options: &VerifyOptions) {
    let programs: Vec<_> = object.programs().map(|(id, _)| id).collect();
    for program in programs {
        match link(object, program) {
            Ok(linked) => {
                let report = bpfc_verifier::verify(object, &linked, options, &session.sources);
                report.diagnostics.into_iter().for_each(|d| session.report(d));
            }
            Err(error) => {
                let span = object.functions[program].span;
                session.report(Diagnostic::new(codes::object::E0803, span, error.to_string()));
            }
        }
    }
}
