//! Skeletons, with diagnostics.

use bpfc_base::Diagnostic;
use bpfc_skeleton::SkeletonOptions;

/// Source text that loads the object file `bytes` and names what it holds. `file` is for messages.
///
/// # Errors
/// A diagnostic that says why there is none.
pub fn skeleton(
    file: &str,
    bytes: &[u8],
    options: &SkeletonOptions<'_>,
) -> Result<String, Diagnostic> {
    bpfc_skeleton::generate(bytes, options).map_err(|error| {
        let message = format!("no skeleton of `{file}`: {error}");
        Diagnostic::without_span(error.code(), message)
    })
}
