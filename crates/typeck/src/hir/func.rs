//! Functions: locals, expressions, places, statements.

use super::{GlobalId, Linkage, QualType, TypeId};
use bpfc_base::{IndexVec, Span, Symbol, index_type};
pub use bpfc_parser::ast::Unroll;

index_type! {
    /// A function of the module.
    pub struct FuncId, "fn"
}
index_type! {
    /// A local variable, parameter or temporary.
    pub struct LocalId, "local"
}
index_type! {
    /// A value.
    pub struct ExprId, "e"
}
index_type! {
    /// A designated object.
    pub struct PlaceId, "p"
}
index_type! {
    /// A statement.
    pub struct StmtId, "s"
}
index_type! {
    /// A jump target.
    pub struct LabelId, "label"
}

/// A function, declared or defined.
#[derive(Clone, Debug)]
pub struct Func {
    /// Its name.
    pub name: Symbol,
    /// Its type, always [`Type::Func`](super::Type::Func).
    pub ty: TypeId,
    /// Who sees it.
    pub linkage: Linkage,
    /// What was asked about inlining it.
    pub inline: Inline,
    /// `section("…")`: with one it is a program's entry.
    pub section: Option<Symbol>,
    /// Where the section's name stands.
    pub section_span: Span,
    /// `btf_decl_tag`s.
    pub decl_tags: Vec<Symbol>,
    /// `btf_decl_tag`s of parameters, with their position: `arg:nonnull` and the like tell the
    /// kernel's verifier what a global function takes.
    pub param_tags: Vec<(u32, Symbol)>,
    /// An `extern … __ksym` function: a kfunc.
    pub is_kfunc: bool,
    /// `naked`: assembly that receives the arguments and returns by itself.
    pub is_naked: bool,
    /// `visibility("hidden")`: to the kernel's verifier it is static, although others link to it.
    pub is_hidden: bool,
    /// The function's name in its declarator.
    pub span: Span,
    /// The body; `None` for a declaration.
    pub body: Option<Body>,
}

/// What was asked about inlining a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inline {
    /// Nothing.
    #[default]
    Default,
    /// `inline`
    Hint,
    /// `always_inline`
    Always,
    /// `noinline`
    Never,
}

/// A function's definition.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// Parameters first and in order.
    pub locals: IndexVec<LocalId, Local>,
    /// Number of locals that are parameters.
    pub n_params: usize,
    /// Values.
    pub exprs: IndexVec<ExprId, Expr>,
    /// Objects.
    pub places: IndexVec<PlaceId, Place>,
    /// Statements.
    pub stmts: IndexVec<StmtId, Stmt>,
    /// Jump targets: the name in the source, or `None` for `case` and `default`.
    pub labels: IndexVec<LabelId, Option<Symbol>>,
    /// What is executed, in order.
    pub root: Vec<StmtId>,
    /// The closing brace: where a `void` function returns.
    pub end_span: Span,
}

/// A local variable, parameter or temporary.
#[derive(Clone, Debug)]
pub struct Local {
    /// `None` for temporaries.
    pub name: Option<Symbol>,
    /// Its type, complete.
    pub ty: QualType,
    /// Alignment in bytes, at least its type's.
    pub align: u32,
    /// Its name in the source.
    pub span: Span,
}

/// A value.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type, unqualified. Arrays and functions have become pointers.
    pub ty: TypeId,
    /// Where it stands.
    pub span: Span,
}

/// Kinds of values. "Integer" includes `_Bool` and enumerations.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// Reported already.
    Error,
    /// An integer, within the range of the type; also null and constant pointers.
    Int(i128),
    /// The content of an object; records are values too.
    Load(PlaceId),
    /// The address of an object. An array's first element has the array's address, so
    /// this is also how arrays decay (the type says which).
    AddrOf(PlaceId),
    /// The address of a function.
    FuncAddr(FuncId),
    /// C11 6.3: conversion of a scalar to this type; to `void`, the value is dropped. To
    /// `_Bool`, it is compared with zero.
    Cast(ExprId),
    /// Arithmetic negation.
    Neg(ExprId),
    /// Bitwise complement.
    BitNot(ExprId),
    /// `!x`: 1 if the scalar is zero, 0 otherwise; type `int`.
    Not(ExprId),
    /// Arithmetic on two integers of this type; for shifts the right one may be of any
    /// integer type.
    Binary(BinaryOp, ExprId, ExprId),
    /// Comparison of two integers of one type, or of two pointers; type `int`.
    Compare(CompareOp, ExprId, ExprId),
    /// Pointer plus integer.
    PtrAdd {
        /// The pointer; of this type.
        ptr: ExprId,
        /// A 64-bit integer.
        index: ExprId,
        /// Bytes per step; negative for a subtraction.
        scale: i64,
    },
    /// Difference of two pointers in elements; type `long`.
    PtrDiff {
        /// Left operand.
        left: ExprId,
        /// Right operand.
        right: ExprId,
        /// Bytes per element.
        scale: u64,
    },
    /// `a && b` on scalars; type `int`.
    LogAnd(ExprId, ExprId),
    /// `a || b` on scalars; type `int`.
    LogOr(ExprId, ExprId),
    /// `cond ? then : otherwise`; both of this type.
    Conditional {
        /// A scalar.
        cond: ExprId,
        /// When it is not zero.
        then: ExprId,
        /// When it is zero.
        otherwise: ExprId,
    },
    /// `place = value`, both of this type; the value of the expression is the value that
    /// the object then has. Records too.
    Assign {
        /// What is written.
        place: PlaceId,
        /// Already converted.
        value: ExprId,
    },
    /// `place op= value`, the place evaluated once: it is converted to `compute`, combined
    /// with `value`, and converted back.
    AssignOp {
        /// What is read and written.
        place: PlaceId,
        /// Which operation.
        op: BinaryOp,
        /// Of type `compute`; of any integer type for shifts.
        value: ExprId,
        /// The type in which C computes.
        compute: TypeId,
    },
    /// `pointer += n` or `-=`, in bytes per step.
    AssignPtrAdd {
        /// A pointer that is read and written.
        place: PlaceId,
        /// A 64-bit integer.
        index: ExprId,
        /// Bytes per step; negative for a subtraction.
        scale: i64,
    },
    /// `++` and `--` on integers and pointers.
    IncDec {
        /// What is read and written.
        place: PlaceId,
        /// What is added: ±1, or ±the size of what a pointer points to.
        delta: i64,
        /// True if the value is that before the change.
        is_postfix: bool,
    },
    /// A call; arguments are converted to the parameters' types.
    Call {
        /// What is called.
        callee: Callee,
        /// In order.
        args: Vec<ExprId>,
    },
    /// A compiler builtin on values.
    Builtin(Builtin, Vec<ExprId>),
    /// An atomic read-modify-write on memory.
    Atomic {
        /// Which operation.
        op: AtomicOp,
        /// Address of a 4- or 8-byte integer (1, 2 too for loads and stores).
        ptr: ExprId,
        /// Operand(s): the new value; for compare-exchange the expected one first.
        operands: Vec<ExprId>,
        /// True if the value is the one that memory has afterwards (`__sync_add_and_fetch`).
        is_value_after: bool,
    },
    /// First one, then the other; the second's value.
    Comma(ExprId, ExprId),
    /// `({ statements; value })`; `None` for type `void`.
    StmtExpr {
        /// Executed in order.
        stmts: Vec<StmtId>,
        /// Its value.
        value: Option<ExprId>,
    },
    /// A number that the loader computes from the running kernel's types.
    Core(CoreQuery),
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A function of this module, or a kfunc.
    Func(FuncId),
    /// A kernel helper by number.
    Helper(u32),
    /// Through a pointer. Code generation must find out what it points to: BPF has no such
    /// call.
    Pointer(ExprId),
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are C's")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
}

/// Comparison operators; whether it is signed follows from the operands' type. Pointers
/// compare unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are C's")]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Builtins that code generation implements; the others are folded or rewritten before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// `(dst, src, constant size)`; type `void *`.
    Memcpy,
    /// `(dst, src, constant size)`, overlapping; type `void *`.
    Memmove,
    /// `(dst, byte, constant size)`; type `void *`.
    Memset,
    /// `(a, b, constant size)`; type `int`.
    Memcmp,
    /// Byte swap of a 16-, 32- or 64-bit integer of this type.
    Bswap,
    /// Leading zeros.
    Clz,
    /// Trailing zeros.
    Ctz,
    /// Set bits.
    Popcount,
    /// First set bit, from 1; 0 if none.
    Ffs,
    /// Never reached.
    Unreachable,
    /// Ends the program.
    Trap,
    /// `(value, expected)`: the first, likely to equal the second.
    Expect,
    /// Legacy packet load `LD_ABS`/`LD_IND`: `(skb, offset)`; the type says how wide.
    LoadPacket,
    /// Forgets what is known of the value: `barrier_var`.
    Opaque,
    /// Whether the value becomes a constant by inlining and optimisation.
    IsConstant,
    /// No value may be carried over in memory: `barrier()`.
    Barrier,
}

/// Atomic operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum AtomicOp {
    Add,
    Sub,
    And,
    Or,
    Xor,
    Nand,
    Exchange,
    /// The value is what memory had before.
    CompareExchange,
    /// Of one piece, without order.
    Load,
    /// What is read later is read after it.
    LoadAcquire,
    /// Of one piece, without order.
    Store,
    /// What was written before is written before it.
    StoreRelease,
    /// Sequentially consistent: besides, what is read later is read after it.
    StoreTotal,
}

/// A question to the kernel's BTF that CO-RE answers at load.
#[derive(Clone, Debug)]
pub struct CoreQuery {
    /// Which question.
    pub kind: CoreKind,
    /// About which type: the root of the access, the type, or the enumeration.
    pub ty: TypeId,
    /// Steps from the root: its index among its neighbours, 0 as a rule, then members and
    /// array indices. For enumerators the index. Empty for questions about types.
    pub path: Vec<u32>,
}

/// The kinds of CO-RE relocations, in the order of their numbers in `bpf_core_relo_kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub enum CoreKind {
    FieldByteOffset,
    FieldByteSize,
    FieldExists,
    FieldSigned,
    FieldLshiftU64,
    FieldRshiftU64,
    TypeIdLocal,
    TypeIdTarget,
    TypeExists,
    TypeSize,
    EnumvalExists,
    EnumvalValue,
    TypeMatches,
}

/// An object.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which.
    pub kind: PlaceKind,
    /// Its type; an access is volatile if this is.
    pub ty: QualType,
    /// Where it stands.
    pub span: Span,
}

/// Ways to designate an object.
#[derive(Clone, Debug)]
pub enum PlaceKind {
    /// Reported already.
    Error,
    /// A local variable.
    Local(LocalId),
    /// A global.
    Global(GlobalId),
    /// What a pointer points to.
    Deref(ExprId),
    /// A member of a record.
    Member {
        /// The record.
        base: PlaceId,
        /// Index into [`RecordBody::members`](super::RecordBody::members).
        member: u32,
        /// The offset comes from the running kernel's types (CO-RE).
        is_relocatable: bool,
    },
    /// An element of an array.
    Index {
        /// The array.
        base: PlaceId,
        /// A 64-bit integer.
        index: ExprId,
    },
    /// A temporary, after `init` was executed: compound literals, members of returned
    /// records.
    Temp {
        /// The temporary.
        local: LocalId,
        /// What fills it.
        init: StmtId,
    },
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where it stands.
    pub span: Span,
}

/// Kinds of statements.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// Evaluates, for its effects.
    Expr(ExprId),
    /// The local begins to live, with an indeterminate value.
    Declare(LocalId),
    /// The local begins to live, with this content.
    Init(LocalId, Init),
    /// A block.
    Block(Vec<StmtId>),
    /// `if`
    If {
        /// A scalar.
        cond: ExprId,
        /// When it is not zero.
        then: StmtId,
        /// When it is zero.
        otherwise: Option<StmtId>,
    },
    /// All loops. The order is init, condition, body, step; `do` loops skip the first
    /// condition.
    Loop {
        /// Executed once.
        init: Option<StmtId>,
        /// A scalar; `None` is true.
        cond: Option<ExprId>,
        /// After each turn.
        step: Option<ExprId>,
        /// The body.
        body: StmtId,
        /// False for `do` loops.
        is_condition_first: bool,
        /// What was asked about unrolling.
        unroll: Unroll,
    },
    /// `switch`: jumps into its body.
    Switch {
        /// An integer.
        value: ExprId,
        /// Ranges that do not overlap, within the value's type.
        cases: Vec<Case>,
        /// Where to go otherwise; `None` is behind the body.
        default: Option<LabelId>,
        /// Labels inside.
        body: StmtId,
    },
    /// A jump target.
    Label(LabelId),
    /// A jump.
    Goto(LabelId),
    /// Leaves the innermost loop or `switch`.
    Break,
    /// Goes to the step of the innermost loop.
    Continue,
    /// Returns.
    Return(Option<ExprId>),
    /// Inline assembly in BPF pseudo-C.
    Asm(Asm),
}

/// A range of a `switch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// First value.
    pub low: i128,
    /// Last value.
    pub high: i128,
    /// Where to go.
    pub label: LabelId,
}

/// Content of a new local.
#[derive(Clone, Debug, Default)]
pub struct Init {
    /// What the items leave out, padding included, is zero.
    pub zero_rest: bool,
    /// In source order; a later item overrides an earlier one at the same place.
    pub items: Vec<InitItem>,
}

/// A part of a local's content.
#[derive(Clone, Debug)]
pub struct InitItem {
    /// Where, in bits from the start of the object.
    pub offset_bits: u64,
    /// Width of a bit-field.
    pub bits: Option<u32>,
    /// What.
    pub value: InitValue,
}

/// What is put there.
#[derive(Clone, Debug)]
pub enum InitValue {
    /// A value of scalar or record type.
    Expr(ExprId),
    /// Bytes of a string literal, zeros that fill its array included.
    Bytes(Vec<u8>),
}

/// Inline assembly.
#[derive(Clone, Debug)]
pub struct Asm {
    /// Text with `%0` and `%[name]` in it.
    pub template: String,
    /// Where the text stands in the source, from its start to its end.
    pub runs: Vec<TextRun>,
    /// It must stay where it is.
    pub is_volatile: bool,
    /// Nothing but a text, in which `%` means nothing.
    pub is_basic: bool,
    /// Outputs, then inputs.
    pub operands: Vec<AsmOperand>,
    /// What else it changes.
    pub clobbers: AsmClobbers,
    /// Where `asm goto` may go.
    pub labels: Vec<(Symbol, LabelId)>,
    /// Names in the text, of which some may be functions and objects of the module.
    pub mentions: Vec<Symbol>,
}

/// A piece of the text of inline assembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRun {
    /// The first byte in the text.
    pub start: u32,
    /// In the source.
    pub span: Span,
    /// Each byte stands for itself; otherwise all of the piece stands for all of the span.
    pub is_verbatim: bool,
}

impl Asm {
    /// Where the bytes `range` of the text stand in the source.
    pub fn span_of(&self, range: std::ops::Range<u32>) -> Span {
        span_of(&self.runs, range)
    }
}

/// Where the bytes `range` of a text stand in the source; the smallest span that is known to hold
/// their start.
pub fn span_of(runs: &[TextRun], range: std::ops::Range<u32>) -> Span {
    let run_at = |at: u32| {
        let after = runs.partition_point(|run| run.start <= at);
        runs.get(after.checked_sub(1)?)
    };
    let last = range.end.saturating_sub(1).max(range.start);
    let (Some(first), Some(end)) = (run_at(range.start), run_at(last)) else {
        return runs.first().map_or(Span::NONE, |run| run.span);
    };
    let lo = match first.is_verbatim {
        true => (first.span.lo + (range.start - first.start)).min(first.span.hi),
        false => first.span.lo,
    };
    let hi = match end.is_verbatim {
        true => (end.span.lo + (range.end.max(range.start) - end.start)).min(end.span.hi),
        false => end.span.hi,
    };
    match first.span.expn == end.span.expn && lo <= hi {
        true => Span { lo, hi, expn: first.span.expn },
        false => first.span,
    }
}

/// What inline assembly changes besides its outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsmClobbers {
    /// A bit for each of `r0` to `r9`.
    pub registers: u16,
    /// Any memory.
    pub memory: bool,
}

/// An operand of inline assembly.
#[derive(Clone, Debug)]
pub struct AsmOperand {
    /// `[name]`
    pub name: Option<Symbol>,
    /// Its expression.
    pub span: Span,
    /// Where it may be.
    pub constraint: AsmConstraint,
    /// What it is.
    pub value: AsmValue,
}

/// What an operand of inline assembly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsmValue {
    /// An object that is written.
    Output(PlaceId),
    /// An object that is read through its address.
    Object(PlaceId),
    /// A value.
    Value(ExprId),
}

/// Where an operand of inline assembly may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsmConstraint {
    /// It is read: all inputs, and outputs with `+`.
    pub is_read: bool,
    /// `&`: it is written before the inputs have been read.
    pub is_early: bool,
    /// In a register.
    pub register: bool,
    /// In a register that is named `w1`.
    pub is_half: bool,
    /// In memory.
    pub memory: bool,
    /// Nowhere: a constant in the text.
    pub immediate: bool,
    /// In the register of this output.
    pub tied: Option<u32>,
    /// In this register.
    pub fixed: Option<u8>,
}
