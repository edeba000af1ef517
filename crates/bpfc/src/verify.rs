//! What the kernel's verifier would say.

use crate::Object;
use bpfc_base::Session;

/// Verifies every program of `object`; what is wrong is reported to `session`.
pub fn verify(_session: &mut Session, _object: &Object) {}
