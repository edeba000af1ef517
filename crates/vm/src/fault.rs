//! What a program does wrong while it runs.

use bpfc_base::{Code, Diagnostic, Span, codes::load};
use bpfc_isa::{Insn, Syntax};
use bpfc_object::{FuncId, Line, LinkedInsn};
use std::fmt;
use std::sync::Arc;

/// Whether memory is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A load, or a helper that reads.
    Read,
    /// A store, an atomic operation, or a helper that writes.
    Write,
}

/// What is at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The packet: from `data_meta` to `data_end`.
    Packet,
    /// The stack frame of the function at this call depth; the program's own is 0.
    Stack {
        /// Number of callers.
        depth: u32,
    },
    /// The context.
    Context,
    /// Memory of the kernel, such as a task.
    Kernel,
    /// The values of the map with this name.
    MapValue(String),
    /// The keys of the map with this name, as callbacks see them.
    MapKey(String),
    /// The records of the ring buffer with this name.
    Record(String),
    /// Values of the kernel's configuration.
    Kconfig,
    /// A map itself, which is no memory.
    MapHandle,
    /// A function, which is no memory.
    Code,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The message of each variant explains its fields.
pub enum FaultKind {
    /// An access that is not wholly inside its memory. `limit` is the size of the memory, and
    /// `offset` counts from its start.
    #[error("{access} of {size} bytes at offset {offset} of {place}, which has {limit} bytes")]
    OutOfBounds { access: Access, place: Place, offset: i64, size: u32, limit: u32 },
    /// An access at or near address 0.
    #[error("{access} of {size} bytes at null (address {address:#x})")]
    Null { access: Access, address: u64, size: u32 },
    /// An access where nothing is.
    #[error("{access} of {size} bytes at {address:#x}, where there is no memory")]
    BadAddress { access: Access, address: u64, size: u32 },
    /// A write to memory that the program may only read.
    #[error("write of {size} bytes at offset {offset} of {place}, which is read-only here")]
    ReadOnly { place: Place, offset: i64, size: u32 },
    /// An access to a ring buffer record that was submitted, discarded or never reserved.
    #[error("{access} of {size} bytes in {place}, where no record is reserved")]
    NoRecord { access: Access, place: Place, size: u32 },
    /// The program used up its instructions.
    #[error("the program does not end within {limit} instructions")]
    OutOfFuel { limit: u64 },
    /// A call of a helper that does not exist.
    #[error("there is no helper {id}")]
    UnknownHelper { id: u32 },
    /// Something the virtual machine does not do.
    #[error("{what} is not supported in the virtual machine")]
    Unsupported { what: String },
    /// A helper got an argument that the kernel's verifier would refuse.
    #[error("argument {argument} of `{helper}` {problem}")]
    BadArgument { helper: &'static str, argument: u32, problem: String },
    /// More than 8 nested function calls.
    #[error("calls are nested more than {limit} frames deep")]
    CallDepth { limit: u32 },
    /// An instruction without meaning, such as a jump out of the program.
    #[error("invalid instruction: {problem}")]
    BadInstruction { problem: String },
    /// What a test asks for makes no sense.
    #[error("{problem}")]
    BadInput { problem: String },
    /// A program that an engine cannot run.
    #[error("the engine `{engine}` cannot run the program: {reason}")]
    NotExpressible { engine: &'static str, reason: String },
    /// An engine failed by itself.
    #[error("the engine `{engine}` failed: {detail}")]
    Engine { engine: &'static str, detail: String },
}

/// A fault on its way out of the machine, before its instruction is known.
pub(crate) type Trap = Box<FaultKind>;

/// Where and how a program failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// Name of the running program: after a tail call that is the one called.
    pub program: String,
    /// The function of the object.
    pub func: FuncId,
    /// Index of the instruction in the linked program.
    pub insn_idx: u32,
    /// The instruction.
    pub insn: Option<Insn>,
    /// Its source, if known.
    pub span: Span,
    /// Its source line, if known.
    pub line: Option<Arc<Line>>,
}

impl FaultKind {
    pub(crate) fn unsupported(what: impl Into<String>) -> Trap {
        Box::new(FaultKind::Unsupported { what: what.into() })
    }

    pub(crate) fn bad_input(problem: impl Into<String>) -> Trap {
        Box::new(FaultKind::BadInput { problem: problem.into() })
    }

    pub(crate) fn bad_instruction(problem: impl Into<String>) -> Trap {
        Box::new(FaultKind::BadInstruction { problem: problem.into() })
    }

    /// The code of its diagnostic.
    pub fn code(&self) -> Code {
        match self {
            FaultKind::OutOfFuel { .. } => load::E0909,
            _ => load::E0908,
        }
    }
}

impl Fault {
    /// A fault of the instruction `insn`, or of no instruction of the program.
    pub(crate) fn new(
        kind: FaultKind,
        program: &str,
        root: FuncId,
        insn_idx: u32,
        insn: Option<&LinkedInsn>,
    ) -> Fault {
        Fault {
            kind,
            program: program.to_owned(),
            func: insn.map_or(root, |insn| insn.func),
            insn_idx,
            insn: insn.map(|insn| insn.insn),
            span: insn.map_or(Span::NONE, |insn| insn.span),
            line: insn.and_then(|insn| insn.line.clone()),
        }
    }

    /// The fault as a diagnostic at the instruction's source.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(self.kind.code(), self.span, self.kind.to_string());
        if let Some(insn) = &self.insn {
            let text = insn.text(Syntax::Plain);
            let note = format!("at instruction {} of `{}`: `{text}`", self.insn_idx, self.program);
            diagnostic = diagnostic.with_note(note);
        }
        if let (true, Some(line)) = (self.span.is_none(), &self.line) {
            let text = line.text.trim();
            let note = format!("{}:{}: `{text}`", line.file, line.line);
            diagnostic = diagnostic.with_note(note);
        }
        if matches!(self.kind, FaultKind::OutOfFuel { .. }) {
            diagnostic = diagnostic.with_help("give the program more fuel if it does end");
        }
        diagnostic
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { kind, program, insn_idx, .. } = self;
        write!(f, "{kind} (instruction {insn_idx} of `{program}`)")
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Read => "read",
            Access::Write => "write",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Packet => f.write_str("the packet"),
            Place::Stack { depth: 0 } => f.write_str("the stack frame"),
            Place::Stack { depth } => write!(f, "the stack frame at call depth {depth}"),
            Place::Context => f.write_str("the context"),
            Place::Kernel => f.write_str("a kernel object"),
            Place::MapValue(name) => write!(f, "a value of map `{name}`"),
            Place::MapKey(name) => write!(f, "a key of map `{name}`"),
            Place::Record(name) => write!(f, "ring buffer `{name}`"),
            Place::Kconfig => f.write_str("the kernel's configuration"),
            Place::MapHandle => f.write_str("a map"),
            Place::Code => f.write_str("a function"),
        }
    }
}
