//! What every stage of bpfc shares: typed indices, source positions with their
//! macro-expansion chains, interned names, and diagnostics as data with their
//! renderers. It knows neither C nor BPF and does no IO.

#![forbid(unsafe_code)]

pub mod codes;
pub mod diagnostic;
pub mod fix;
pub mod index;
pub mod intern;
pub mod render;
pub mod session;
pub mod similar;
pub mod source;
pub mod span;
pub mod unified;
pub mod warnings;

pub use codes::Code;
pub use diagnostic::{Diagnostic, DiagnosticSink, Edit, Help, Label, Note, RemarkKind, Severity};
pub use index::{Idx, IndexVec};
pub use intern::{Interner, Symbol};
pub use session::Session;
pub use source::{FileId, LineCol, SourceFile, SourceMap};
pub use span::{Expansion, ExpnId, Span};
