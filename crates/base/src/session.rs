//! What one compilation carries from stage to stage.

use crate::warnings::{Default, Flag, Level, WarningControl};
use crate::{Diagnostic, DiagnosticSink, Interner, Severity, SourceMap, Span, Symbol};

/// Sources, names and diagnostics of one compilation; each stage gets it as `&mut`.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Files and macro expansions.
    pub sources: SourceMap,
    /// Interned names.
    pub names: Interner,
    /// What was reported so far.
    pub diagnostics: DiagnosticSink,
    /// Which warnings are reported, and where.
    pub warnings: WarningControl,
}

impl Session {
    /// Reports `diagnostic`, unless the flags that hold at its place switch it off.
    pub fn report(&mut self, mut diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Remark {
            return self.diagnostics.push(diagnostic);
        }
        // A stage that makes an error of a warning by itself means it.
        if diagnostic.severity == Severity::Error
            && diagnostic.flag.is_some_and(|flag| flag.info().default != Default::Error)
        {
            diagnostic.flag = None;
        }
        let level = match (diagnostic.flag, diagnostic.severity) {
            (Some(flag), _) => self.level_at(flag, diagnostic.span()),
            (None, Severity::Warning | Severity::Remark) => {
                self.warnings.of_command_line().level_of_warnings()
            }
            (None, Severity::Error) => Level::Error(false),
        };
        match level {
            Level::Off => return,
            Level::Warning => diagnostic.severity = Severity::Warning,
            Level::Error(is_promoted) => {
                diagnostic.severity = Severity::Error;
                diagnostic.is_promoted = is_promoted;
            }
        }
        self.diagnostics.push(diagnostic);
    }

    /// What becomes of a diagnostic with `flag` at `span`.
    pub fn level_at(&self, flag: Flag, span: Span) -> Level {
        self.warnings.level(&self.sources, flag, span)
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
