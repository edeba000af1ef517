//! What one compilation carries from stage to stage.

use crate::{Diagnostic, DiagnosticSink, Interner, SourceMap, Symbol};

/// Sources, names and diagnostics of one compilation; each stage gets it as `&mut`.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Files and macro expansions.
    pub sources: SourceMap,
    /// Interned names.
    pub names: Interner,
    /// What was reported so far.
    pub diagnostics: DiagnosticSink,
}

impl Session {
    /// Reports `diagnostic`.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The symbol of `name`.
    pub fn intern(&mut self, name: &str) -> Symbol {
        self.names.intern(name)
    }

    /// The string of `symbol`.
    pub fn name(&self, symbol: Symbol) -> &str {
        self.names.resolve(symbol)
    }
}
