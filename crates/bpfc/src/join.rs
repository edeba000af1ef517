//! Static linking: several objects become one.

use crate::Object;
use bpfc_base::{Diagnostic, Session, codes};
use bpfc_object::JoinInput;

/// Joins objects, each with the name of its file, in this order; what nobody defines stays
/// undefined. `None` if they do not fit together; why is in `session`.
pub fn join(session: &mut Session, objects: &[(String, Object)]) -> Option<Object> {
    let inputs: Vec<JoinInput<'_>> =
        objects.iter().map(|(name, object)| JoinInput { name, object }).collect();
    match bpfc_object::join(&inputs) {
        Ok(object) => Some(object),
        Err(errors) => {
            for error in errors {
                session.report(Diagnostic::without_span(error.code(), error.to_string()));
            }
            None
        }
    }
}

/// Warns of what `object` uses and no object defined so far.
pub fn report_undefined(session: &mut Session, object: &Object) {
    for (_, item) in object.undefined() {
        let message = format!("the {} `{}` is still undefined", item.kind.noun(), item.name);
        let note = "the result can be linked again, but not loaded";
        session.report(Diagnostic::without_span(codes::object::W0803, message).with_note(note));
    }
}
