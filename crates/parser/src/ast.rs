//! The syntax tree of a translation unit, as written: nothing is resolved, no type is
//! computed, parentheses that matter are kept. Nodes live in the tables of
//! [`TranslationUnit`] and refer to each other by id.
//!
//! Names follow C11 (6.5 expressions, 6.7 declarations, 6.8 statements); GNU extensions
//! are marked. Where the source is wrong there is an `Error` node and a diagnostic has
//! been reported already: later stages stay silent about it.

mod asm;

use crate::deferred::Deferred;
use bpfc_base::{IndexVec, Span, Symbol, index_type};
use std::ops::Range;

pub use asm::{Asm, AsmOperand};

index_type! {
    /// An expression.
    pub struct ExprId, "e"
}
index_type! {
    /// A statement.
    pub struct StmtId, "s"
}
index_type! {
    /// A type name or the type of a declaration: specifiers and a declarator.
    pub struct TypeNameId, "t"
}
index_type! {
    /// A struct, union or enum specifier.
    pub struct TagSpecId, "tag"
}

/// C11 6.9: a preprocessed file.
#[derive(Clone, Debug, Default)]
pub struct TranslationUnit {
    /// External declarations in source order.
    pub items: Vec<Item>,
    /// All expressions.
    pub exprs: IndexVec<ExprId, Expr>,
    /// All statements.
    pub stmts: IndexVec<StmtId, Stmt>,
    /// All type names.
    pub type_names: IndexVec<TypeNameId, TypeName>,
    /// All struct, union and enum specifiers.
    pub tag_specs: IndexVec<TagSpecId, TagSpec>,
    /// Declarations that were not parsed yet.
    pub deferred: Deferred,
}

/// C11 6.9: external-declaration.
#[derive(Clone, Debug)]
pub enum Item {
    /// A function with its body.
    Function(FunctionDef),
    /// Any other declaration.
    Declaration(Declaration),
    /// `asm("…");` at file scope (GNU).
    Asm(Span),
    /// Declarations of types that are not parsed before they are needed: those of
    /// [`TranslationUnit::deferred`] in this range.
    Deferred(Range<u32>),
    /// Text that could not be parsed; reported.
    Error(Span),
}

/// C11 6.9.1: function-definition.
#[derive(Clone, Debug)]
pub struct FunctionDef {
    /// Storage class, return type and attributes in front of the declarator.
    pub specs: DeclSpecs,
    /// Name and parameters.
    pub declarator: Declarator,
    /// Attributes between declarator and body.
    pub attrs: Vec<Attribute>,
    /// A compound statement.
    pub body: StmtId,
    /// From the first specifier to the closing brace.
    pub span: Span,
}

/// C11 6.7: declaration.
#[derive(Clone, Debug)]
pub enum Declaration {
    /// `specifiers declarator [= init], … ;`; no declarators for a bare `struct s { … };`.
    Names {
        /// What all the declarators share.
        specs: DeclSpecs,
        /// In source order.
        declarators: Vec<InitDeclarator>,
        /// The whole declaration.
        span: Span,
    },
    /// C11 6.7.10.
    StaticAssert {
        /// The condition.
        cond: ExprId,
        /// The message.
        message: Option<StrLit>,
        /// The whole declaration.
        span: Span,
    },
}

/// C11 6.7: init-declarator.
#[derive(Clone, Debug)]
pub struct InitDeclarator {
    /// The name and its type derivation.
    pub declarator: Declarator,
    /// `asm("name")` (GNU): the symbol's name in the object.
    pub asm_label: Option<StrLit>,
    /// Attributes after the declarator.
    pub attrs: Vec<Attribute>,
    /// What stands after `=`.
    pub init: Option<Initializer>,
}

/// C11 6.7p1: declaration-specifiers, sorted out: at most one storage class and exactly
/// one type. Invalid combinations were reported.
#[derive(Clone, Debug)]
pub struct DeclSpecs {
    /// Storage class and where it stands.
    pub storage: Option<(Storage, Span)>,
    /// `inline`.
    pub is_inline: bool,
    /// `_Noreturn`.
    pub is_noreturn: bool,
    /// `_Thread_local`.
    pub is_thread_local: bool,
    /// `_Alignas`.
    pub alignas: Vec<Alignas>,
    /// Qualifiers of the type.
    pub quals: Quals,
    /// The type.
    pub ty: TypeSpec,
    /// Attributes among the specifiers, and after a struct's `}`.
    pub attrs: Vec<Attribute>,
    /// All of the specifiers.
    pub span: Span,
}

/// C11 6.7.1: storage-class-specifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// `typedef`
    Typedef,
    /// `extern`
    Extern,
    /// `static`
    Static,
    /// `auto`
    Auto,
    /// `register`
    Register,
}

/// C11 6.7.3: type qualifiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quals {
    /// `const`
    pub is_const: bool,
    /// `volatile`
    pub is_volatile: bool,
    /// `restrict`
    pub is_restrict: bool,
    /// `_Atomic`
    pub is_atomic: bool,
}

/// C11 6.7.5: alignment-specifier.
#[derive(Clone, Copy, Debug)]
pub enum Alignas {
    /// `_Alignas(type)`
    Type(TypeNameId),
    /// `_Alignas(constant)`
    Expr(ExprId),
}

/// C11 6.7.2: type-specifiers, combined.
#[derive(Clone, Debug)]
pub enum TypeSpec {
    /// `void`
    Void,
    /// `_Bool`
    Bool,
    /// `char` without a sign.
    Char,
    /// `signed char`
    SChar,
    /// `unsigned char`
    UChar,
    /// `short`
    Short,
    /// `unsigned short`
    UShort,
    /// `int`
    Int,
    /// `unsigned`
    UInt,
    /// `long`
    Long,
    /// `unsigned long`
    ULong,
    /// `long long`
    LongLong,
    /// `unsigned long long`
    ULongLong,
    /// `__int128` (GNU)
    Int128,
    /// `unsigned __int128` (GNU)
    UInt128,
    /// `float`
    Float,
    /// `double`
    Double,
    /// `long double`
    LongDouble,
    /// A struct, union or enum.
    Tag(TagSpecId),
    /// A typedef's name.
    Typedef(Symbol, Span),
    /// `typeof(expression)` (GNU)
    TypeofExpr(ExprId),
    /// `typeof(type)` (GNU)
    TypeofType(TypeNameId),
    /// `__typeof_unqual__(expression)` (C23)
    TypeofUnqualExpr(ExprId),
    /// `__typeof_unqual__(type)` (C23)
    TypeofUnqualType(TypeNameId),
    /// `__auto_type` (GNU)
    AutoType,
    /// `__builtin_va_list` (GNU)
    VaList,
    /// No or an invalid type; reported.
    Error,
}

/// C11 6.7.2.1 and 6.7.2.2: a struct, union or enum specifier.
#[derive(Clone, Debug)]
pub struct TagSpec {
    /// Which of the three.
    pub kind: TagKind,
    /// The tag and where it stands.
    pub name: Option<(Symbol, Span)>,
    /// The type that an enumeration is told to have (C23).
    pub base: Option<TypeNameId>,
    /// What stands in braces; `None` without braces.
    pub body: Option<TagBody>,
    /// Attributes after the keyword and after the closing brace.
    pub attrs: Vec<Attribute>,
    /// `#pragma pack` in force at the closing brace, in bytes.
    pub pack: Option<u32>,
    /// From the keyword to the tag or the closing brace.
    pub span: Span,
}

/// Which kind of tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TagKind {
    /// `struct`
    Struct,
    /// `union`
    Union,
    /// `enum`
    Enum,
}

/// The braces of a tag specifier.
#[derive(Clone, Debug)]
pub enum TagBody {
    /// Members of a struct or union.
    Members(Vec<MemberDecl>),
    /// Enumerators.
    Enumerators(Vec<Enumerator>),
}

/// C11 6.7.2.1: struct-declaration.
#[derive(Clone, Debug)]
pub enum MemberDecl {
    /// Members that share specifiers; no declarators for an anonymous struct or union.
    Members {
        /// What they share.
        specs: DeclSpecs,
        /// In source order.
        declarators: Vec<MemberDeclarator>,
        /// The whole declaration.
        span: Span,
    },
    /// `_Static_assert` among members.
    StaticAssert {
        /// The condition.
        cond: ExprId,
        /// The message.
        message: Option<StrLit>,
        /// The whole declaration.
        span: Span,
    },
}

/// C11 6.7.2.1: struct-declarator.
#[derive(Clone, Debug)]
pub struct MemberDeclarator {
    /// The name, if any: unnamed bit-fields have none.
    pub declarator: Declarator,
    /// Width of a bit-field.
    pub bits: Option<ExprId>,
    /// Attributes.
    pub attrs: Vec<Attribute>,
}

/// C11 6.7.2.2: enumerator.
#[derive(Clone, Copy, Debug)]
pub struct Enumerator {
    /// Its name.
    pub name: Symbol,
    /// What stands after `=`.
    pub value: Option<ExprId>,
    /// The name.
    pub span: Span,
}

/// C11 6.7.6: declarator, or 6.7.7 abstract-declarator when `name` is `None`.
///
/// `derived` lists the derivations in the order in which they read: for
/// `int *(*f)(void)` it is pointer, function(void), pointer ("`f` is a pointer to a
/// function that returns a pointer"), to be applied to the specifiers from the back.
#[derive(Clone, Debug)]
pub struct Declarator {
    /// The declared name.
    pub name: Option<(Symbol, Span)>,
    /// From the name outwards.
    pub derived: Vec<Derivation>,
    /// Attributes inside the declarator.
    pub attrs: Vec<Attribute>,
    /// The whole declarator; empty where an abstract declarator is.
    pub span: Span,
}

/// One step of a declarator.
#[derive(Clone, Debug)]
pub enum Derivation {
    /// `* quals`
    Pointer {
        /// Qualifiers of the pointer itself.
        quals: Quals,
        /// Attributes after the `*`, such as `btf_type_tag`.
        attrs: Vec<Attribute>,
    },
    /// `[quals size]`
    Array {
        /// Number of elements; `None` for `[]`.
        size: Option<ExprId>,
        /// Qualifiers inside the brackets (parameters only).
        quals: Quals,
        /// The brackets.
        span: Span,
    },
    /// `(parameters)`
    Function {
        /// Parameters; empty for `(void)` and for `()`.
        params: Vec<Param>,
        /// `...` at the end.
        is_variadic: bool,
        /// `()`: an old-style declaration without a prototype.
        is_unprototyped: bool,
        /// The parentheses.
        span: Span,
    },
}

/// C11 6.7.6: parameter-declaration.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its specifiers.
    pub specs: DeclSpecs,
    /// Its declarator, possibly abstract.
    pub declarator: Declarator,
    /// Attributes after the declarator.
    pub attrs: Vec<Attribute>,
    /// The whole parameter.
    pub span: Span,
}

/// C11 6.7.7: type-name.
#[derive(Clone, Debug)]
pub struct TypeName {
    /// Specifiers and qualifiers.
    pub specs: DeclSpecs,
    /// An abstract declarator.
    pub declarator: Declarator,
    /// The whole type name.
    pub span: Span,
}

/// `__attribute__((name(args)))` (GNU); a `__name__` spelling is stored as `name`.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Symbol,
    /// Its arguments. A lone identifier argument is an [`ExprKind::Name`].
    pub args: Vec<AttrArg>,
    /// Name and arguments.
    pub span: Span,
}

/// An argument of an attribute.
#[derive(Clone, Copy, Debug)]
pub enum AttrArg {
    /// An expression.
    Expr(ExprId),
    /// A type name.
    Type(TypeNameId),
}

/// C11 6.7.9: initializer.
#[derive(Clone, Debug)]
pub enum Initializer {
    /// `= expression`
    Expr(ExprId),
    /// `= { … }`
    List(InitList),
}

/// C11 6.7.9: a braced initializer-list.
#[derive(Clone, Debug)]
pub struct InitList {
    /// In source order.
    pub items: Vec<InitItem>,
    /// The braces.
    pub span: Span,
}

/// One element of an initializer list.
#[derive(Clone, Debug)]
pub struct InitItem {
    /// `.member`, `[index]`, …; empty for the next member in order.
    pub designators: Vec<Designator>,
    /// Its value.
    pub init: Initializer,
    /// Designators and value.
    pub span: Span,
}

/// C11 6.7.9: designator.
#[derive(Clone, Copy, Debug)]
pub enum Designator {
    /// `.name`
    Member(Symbol, Span),
    /// `[index]`
    Index(ExprId),
    /// `[first ... last]` (GNU)
    Range(ExprId, ExprId),
}

/// An expression and where it stands.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// All of it.
    pub span: Span,
}

/// C11 6.5: expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// An identifier that is not a typedef's name.
    Name(Symbol),
    /// An integer constant.
    Int(IntLit),
    /// A floating constant. BPF has no floating point: it may only be folded away.
    Float(f64),
    /// A character constant; its value.
    Char {
        /// Value as an `int` (or the wide type).
        value: i64,
        /// `L`, `u` or `U` in front.
        prefix: StrPrefix,
    },
    /// String literals, concatenated.
    Str(StrLit),
    /// `( expression )`: kept, since `(a = b)` and `sizeof (x)` read differently.
    Paren(ExprId),
    /// `_Generic(control, type: value, …)`; `None` is `default`.
    Generic {
        /// What is looked at.
        control: ExprId,
        /// The choices.
        assocs: Vec<(Option<TypeNameId>, ExprId)>,
    },
    /// `({ … })` (GNU); the statement is a compound statement.
    StmtExpr(StmtId),
    /// `base[index]`
    Index(ExprId, ExprId),
    /// `callee(args)`
    Call(ExprId, Vec<ExprId>),
    /// `base.member`
    Member {
        /// A struct or union.
        base: ExprId,
        /// The member.
        member: Symbol,
        /// Where the member's name stands.
        member_span: Span,
    },
    /// `base->member`
    Arrow {
        /// A pointer to a struct or union.
        base: ExprId,
        /// The member.
        member: Symbol,
        /// Where the member's name stands.
        member_span: Span,
    },
    /// `(type){ … }`
    CompoundLiteral(TypeNameId, InitList),
    /// Prefix operators.
    Unary(UnaryOp, ExprId),
    /// `x++`
    PostInc(ExprId),
    /// `x--`
    PostDec(ExprId),
    /// `sizeof expression`
    SizeofExpr(ExprId),
    /// `sizeof(type)`
    SizeofType(TypeNameId),
    /// `_Alignof expression` (GNU)
    AlignofExpr(ExprId),
    /// `_Alignof(type)`
    AlignofType(TypeNameId),
    /// `(type)expression`
    Cast(TypeNameId, ExprId),
    /// `left op right`
    Binary(BinaryOp, ExprId, ExprId),
    /// `cond ? then : other`; `then` is `None` for `cond ?: other` (GNU).
    Conditional(ExprId, Option<ExprId>, ExprId),
    /// `left op= right`; `None` is plain `=`.
    Assign(Option<BinaryOp>, ExprId, ExprId),
    /// `left, right`
    Comma(ExprId, ExprId),
    /// `&&label` (GNU)
    LabelAddr(Symbol),
    /// `__builtin_offsetof(type, designators)` (GNU); the first designator is a member.
    Offsetof(TypeNameId, Vec<Designator>),
    /// `__builtin_types_compatible_p(a, b)` (GNU)
    TypesCompatible(TypeNameId, TypeNameId),
    /// `__builtin_va_arg(list, type)` (GNU)
    VaArg(ExprId, TypeNameId),
    /// `__builtin_NAME(…)` calls that take a type among their arguments, such as
    /// `__builtin_preserve_type_info(*(type *)0, k)` do not need this: they are `Call`s.
    /// This is for calls whose argument is written as a type name.
    BuiltinWithTypes(Symbol, Vec<AttrArg>),
    /// Text that could not be parsed; reported.
    Error,
}

/// An integer constant as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntLit {
    /// Its value. Constants past 64 bits were reported.
    pub value: u64,
    /// Decimal constants never become unsigned on their own (C11 6.4.4.1p5).
    pub is_decimal: bool,
    /// `u`
    pub is_unsigned: bool,
    /// 0, 1 for `l`, 2 for `ll`.
    pub n_long: u8,
}

/// One or more adjacent string literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrLit {
    /// Code units without the terminator: bytes for plain strings.
    pub units: Vec<u32>,
    /// What stands in front of the quote.
    pub prefix: StrPrefix,
    /// All of the literals.
    pub span: Span,
}

/// Encoding prefix of a string or character constant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StrPrefix {
    /// None: `char`.
    #[default]
    None,
    /// `u8`
    Utf8,
    /// `u`: 16-bit units.
    Char16,
    /// `U`: 32-bit units.
    Char32,
    /// `L`: 32-bit signed units.
    Wide,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `&`
    AddrOf,
    /// `*`
    Deref,
    /// `+`
    Plus,
    /// `-`
    Neg,
    /// `~`
    BitNot,
    /// `!`
    Not,
    /// `++x`
    PreInc,
    /// `--x`
    PreDec,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
    /// `<`
    Lt,
    /// `>`
    Gt,
    /// `<=`
    Le,
    /// `>=`
    Ge,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `&`
    And,
    /// `^`
    Xor,
    /// `|`
    Or,
    /// `&&`
    LogAnd,
    /// `||`
    LogOr,
}

/// A statement and where it stands.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// All of it.
    pub span: Span,
}

/// C11 6.8: statements.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `{ … }`
    Compound(Vec<StmtId>),
    /// A declaration among statements.
    Declaration(Declaration),
    /// `expression ;` or `;`
    Expr(Option<ExprId>),
    /// `if`
    If {
        /// The condition.
        cond: ExprId,
        /// When it holds.
        then: StmtId,
        /// When it does not.
        otherwise: Option<StmtId>,
    },
    /// `while`
    While {
        /// The condition.
        cond: ExprId,
        /// The body.
        body: StmtId,
        /// What `#pragma unroll` in front asks for.
        unroll: Unroll,
    },
    /// `do … while`
    DoWhile {
        /// The body.
        body: StmtId,
        /// The condition.
        cond: ExprId,
        /// What `#pragma unroll` in front asks for.
        unroll: Unroll,
    },
    /// `for`
    For {
        /// A declaration or expression statement.
        init: Option<StmtId>,
        /// The condition.
        cond: Option<ExprId>,
        /// After each turn.
        step: Option<ExprId>,
        /// The body.
        body: StmtId,
        /// What `#pragma unroll` in front asks for.
        unroll: Unroll,
    },
    /// `switch`
    Switch {
        /// What is switched on.
        value: ExprId,
        /// The body, with `Case` and `Default` anywhere inside.
        body: StmtId,
    },
    /// `case low:` or `case low ... high:` (GNU)
    Case {
        /// The value, or the first of the range.
        low: ExprId,
        /// The last of the range.
        high: Option<ExprId>,
        /// What is labelled.
        body: StmtId,
    },
    /// `default:`
    Default(StmtId),
    /// `label:`
    Label {
        /// Its name.
        name: Symbol,
        /// Where the name stands.
        name_span: Span,
        /// What is labelled.
        body: StmtId,
    },
    /// A statement with attributes in front (GNU, C23).
    Attributed(Vec<Attribute>, StmtId),
    /// `__label__ name, …;` (GNU): labels that belong to the block around.
    LocalLabels(Vec<(Symbol, Span)>),
    /// `goto label;`
    Goto(Symbol, Span),
    /// `goto *expression;` (GNU)
    GotoIndirect(ExprId),
    /// `continue;`
    Continue,
    /// `break;`
    Break,
    /// `return expression;`
    Return(Option<ExprId>),
    /// Inline assembly (GNU).
    Asm(Asm),
    /// Text that could not be parsed; reported.
    Error,
}

/// What `#pragma unroll` in front of a loop asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unroll {
    /// No pragma.
    #[default]
    Default,
    /// `#pragma unroll`, `#pragma clang loop unroll(full)`
    Full,
    /// `#pragma unroll 4`
    Count(u32),
    /// `#pragma nounroll`
    Disable,
}
