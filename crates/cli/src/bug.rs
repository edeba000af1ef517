//! What a report about a bug of bpfc needs.

use bpfc::Bug;
use bpfc_base::Diagnostic;

/// Writes the source that reproduces a bug to a file in the folder for temporary ones; the diagnostic names it.
pub fn keep(bug: Bug) -> Diagnostic {
    let words = std::env::args().map(|word| word.replace(['\n', '\r'], " "));
    let command = words.collect::<Vec<_>>().join(" ");
    let version = env!("CARGO_PKG_VERSION");
    let text = format!("// bpfc {version}: {command}\n{}", bug.source);
    let path = std::env::temp_dir().join(format!("bpfc-bug-{}.c", bug.program));
    match std::fs::write(&path, text) {
        Ok(()) => bug.diagnostic.with_note(format!("the report needs `{}`", path.display())),
        Err(_) => bug.diagnostic,
    }
}
