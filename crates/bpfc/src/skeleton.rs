//! Skeletons, with diagnostics.

use bpfc_base::Diagnostic;
use bpfc_skeleton::Language;

/// Source text in `language` that loads the object file `bytes` and names what it holds. `file` is for messages,
/// `name` is what the object is called there; [`object_name`](crate::object_name) makes one of a file's.
///
/// # Errors
/// A diagnostic that says why there is none.
pub fn skeleton(
    file: &str,
    bytes: &[u8],
    name: &str,
    language: Language,
) -> Result<String, Diagnostic> {
    bpfc_skeleton::generate(bytes, name, language).map_err(|error| {
        let message = format!("no skeleton of `{file}`: {error}");
        Diagnostic::without_span(error.code(), message)
    })
}
