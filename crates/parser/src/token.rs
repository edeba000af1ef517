//! Tokens: one small `Copy` type for preprocessing tokens and for what the grammar reads.

use bpfc_base::{Interner, Span, Symbol};
use logos::Logos;

/// A token. Its text is implied by `kind` or interned as `symbol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// How it stands in its line, and whether macros may still expand it.
    pub flags: TokenFlags,
    /// The spelling of identifiers, numbers, literals and digraphs; the empty string else.
    pub symbol: Symbol,
    /// Where it is spelled and which macro put it here.
    pub span: Span,
}

/// A set of marks on a [`Token`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenFlags(u8);

impl TokenFlags {
    /// White space or a comment stands in front.
    pub const SPACE: TokenFlags = TokenFlags(1);
    /// First of its (logical) line.
    pub const LINE_START: TokenFlags = TokenFlags(2);
    /// The name of a macro that must not be expanded any more (C11 6.10.3.4p2).
    pub const NO_EXPAND: TokenFlags = TokenFlags(4);

    /// True if all of `flags` are set.
    pub fn contains(self, flags: TokenFlags) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// With `flags` set.
    pub fn with(self, flags: TokenFlags) -> Self {
        TokenFlags(self.0 | flags.0)
    }

    /// With `flags` cleared.
    pub fn without(self, flags: TokenFlags) -> Self {
        TokenFlags(self.0 & !flags.0)
    }
}

/// Declares [`TokenKind`] from the lists of punctuators and keywords.
macro_rules! token_kinds {
    (
        punctuators { $($punct:ident = $ptext:tt $(| $digraph:tt)*,)* }
        keywords { $($keyword:ident = $ktext:tt $(| $alias:tt)*,)* }
    ) => {
        /// The kinds of tokens: C11 6.4, and what preprocessor and parser add.
        #[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[logos(skip r"[ \t\r\x0b\x0c]+")]
        pub enum TokenKind {
            /// C11 6.4.2. Keywords are identifiers until they reach the parser.
            #[regex(r"[A-Za-z_$][A-Za-z0-9_$]*", priority = 4)]
            Ident,
            /// C11 6.4.8: preprocessing number.
            #[regex(r"\.?[0-9]([0-9A-Za-z_$.]|[eEpP][+\-])*", priority = 5)]
            Number,
            /// C11 6.4.4.4.
            #[regex(r"(L|u8|u|U)?'([^'\\\n]|\\[^\n])*'")]
            Char,
            /// C11 6.4.5.
            #[regex(r#"(L|u8|u|U)?"([^"\\\n]|\\[^\n])*""#)]
            Str,
            /// A literal that its line ends before its quote does; the text is kept.
            #[regex(r"(L|u8|u|U)?'([^'\\\n]|\\[^\n])*\\?")]
            UnterminatedChar,
            /// As [`TokenKind::UnterminatedChar`], for strings.
            #[regex(r#"(L|u8|u|U)?"([^"\\\n]|\\[^\n])*\\?"#)]
            UnterminatedStr,
            /// `<name>` of `#include`; the symbol is the name without brackets.
            HeaderName,
            /// Characters that C has no use for.
            #[regex(r"([A-Za-z0-9_$\u{80}-\u{10FFFF}]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})+", priority = 2)]
            #[regex(r"[\x00-\x08\x0e-\x1f\x7f@`\\]", priority = 1)]
            Unknown,
            /// The end of a line: the lexer's own.
            #[token("\n")]
            Newline,
            /// `//`: the lexer's own.
            #[token("//")]
            LineComment,
            /// `/*`: the lexer's own.
            #[token("/*")]
            BlockComment,
            /// Stands for declarations that are not parsed before they are needed.
            Deferred,
            /// A pragma on its way through the preprocessor.
            Pragma,
            /// Tells the grammar that the name in front is a type.
            TypeMark,
            /// Tells the grammar that the name in front is no type.
            VarMark,
            /// `_Atomic` with a parenthesis behind it.
            AtomicType,
            /// The `:` in front of the type of an enumeration (C23 6.7.2.2).
            EnumColon,
            /// `[[` of an attribute (C23 6.7.12).
            AttributeOpen,
            /// `]]` of an attribute.
            AttributeClose,
            /// Part of the token in front, or without a meaning: not for the grammar.
            Skipped,
            /// Stands for an expression that could not be parsed.
            ErrorExpr,
            /// Stands for a declaration, member or statement that could not be parsed.
            ErrorItem,
            $(
                #[doc = concat!("`", $ptext, "`")]
                #[token($ptext)]
                $(#[token($digraph)])*
                $punct,
            )*
            $(
                #[doc = concat!("`", $ktext, "`")]
                $keyword,
            )*
        }

        impl TokenKind {
            /// The text of punctuators and keywords; `None` for kinds with many spellings.
            pub fn text(self) -> Option<&'static str> {
                match self {
                    $(TokenKind::$punct => Some($ptext),)*
                    $(TokenKind::$keyword => Some($ktext),)*
                    TokenKind::AtomicType => Some("_Atomic"),
                    TokenKind::EnumColon => Some(":"),
                    TokenKind::AttributeOpen => Some("["),
                    TokenKind::AttributeClose => Some("]"),
                    _ => None,
                }
            }
        }

        /// Every keyword with all its spellings.
        pub(crate) const KEYWORDS: &[(&str, TokenKind)] = &[
            $(($ktext, TokenKind::$keyword), $(($alias, TokenKind::$keyword),)*)*
        ];
    };
}

token_kinds! {
    punctuators {
        Hash = "#" | "%:", HashHash = "##" | "%:%:",
        LParen = "(", RParen = ")", LBracket = "[" | "<:", RBracket = "]" | ":>",
        LBrace = "{" | "<%", RBrace = "}" | "%>",
        Dot = ".", Ellipsis = "...", Arrow = "->", Comma = ",", Semi = ";", Colon = ":",
        Question = "?", Tilde = "~", Bang = "!", Plus = "+", Minus = "-", Star = "*",
        Slash = "/", Percent = "%", Amp = "&", Pipe = "|", Caret = "^", Less = "<",
        Greater = ">", Assign = "=", Shl = "<<", Shr = ">>", LessEq = "<=",
        GreaterEq = ">=", EqEq = "==", NotEq = "!=", AndAnd = "&&", OrOr = "||",
        PlusPlus = "++", MinusMinus = "--", PlusEq = "+=", MinusEq = "-=", StarEq = "*=",
        SlashEq = "/=", PercentEq = "%=", AmpEq = "&=", PipeEq = "|=", CaretEq = "^=",
        ShlEq = "<<=", ShrEq = ">>=",
    }
    keywords {
        KwAuto = "auto", KwBreak = "break", KwCase = "case", KwChar = "char",
        KwConst = "const" | "__const" | "__const__", KwContinue = "continue",
        KwDefault = "default", KwDo = "do", KwDouble = "double", KwElse = "else",
        KwEnum = "enum", KwExtern = "extern", KwFloat = "float", KwFor = "for",
        KwGoto = "goto", KwIf = "if", KwInline = "inline" | "__inline" | "__inline__",
        KwInt = "int", KwLong = "long", KwRegister = "register",
        KwRestrict = "restrict" | "__restrict" | "__restrict__", KwReturn = "return",
        KwShort = "short", KwSigned = "signed" | "__signed" | "__signed__",
        KwSizeof = "sizeof", KwStatic = "static", KwStruct = "struct", KwSwitch = "switch",
        KwTypedef = "typedef", KwUnion = "union", KwUnsigned = "unsigned", KwVoid = "void",
        KwVolatile = "volatile" | "__volatile" | "__volatile__", KwWhile = "while",
        KwAlignas = "_Alignas", KwAlignof = "_Alignof" | "__alignof" | "__alignof__",
        KwAtomic = "_Atomic", KwBool = "_Bool", KwGeneric = "_Generic",
        KwNoreturn = "_Noreturn", KwStaticAssert = "_Static_assert",
        KwThreadLocal = "_Thread_local" | "__thread",
        KwTypeof = "typeof" | "__typeof" | "__typeof__",
        KwTypeofUnqual = "__typeof_unqual__" | "__typeof_unqual", KwAsm = "asm" | "__asm" | "__asm__",
        KwAttribute = "__attribute__" | "__attribute", KwAutoType = "__auto_type",
        KwInt128 = "__int128", KwInt128T = "__int128_t", KwUInt128T = "__uint128_t",
        KwVaList = "__builtin_va_list", KwVaArg = "__builtin_va_arg",
        KwOffsetof = "__builtin_offsetof",
        KwTypesCompatible = "__builtin_types_compatible_p", KwLabel = "__label__",
        KwExtension = "__extension__",
    }
}

impl Token {
    /// The text of the token.
    pub fn spelling<'n>(&self, names: &'n Interner) -> &'n str {
        let spelling = names.resolve(self.symbol);
        match self.kind.text() {
            Some(text) if spelling.is_empty() => text,
            _ => spelling,
        }
    }

    /// True if white space, a comment or a line break stands in front.
    pub fn has_space(&self) -> bool {
        self.flags.contains(TokenFlags::SPACE) || self.flags.contains(TokenFlags::LINE_START)
    }

    /// True for identifier `symbol`.
    pub fn is_ident(&self, symbol: Symbol) -> bool {
        self.kind == TokenKind::Ident && self.symbol == symbol
    }
}

impl TokenKind {
    /// A short noun for messages: `` `;` ``, `number`, `name`.
    pub fn describe(self) -> String {
        match self {
            TokenKind::Ident => "name".into(),
            TokenKind::Number => "number".into(),
            TokenKind::Char | TokenKind::UnterminatedChar => "character constant".into(),
            TokenKind::Str | TokenKind::UnterminatedStr => "string".into(),
            TokenKind::HeaderName => "header name".into(),
            TokenKind::Deferred => "a declaration".into(),
            kind => match kind.text() {
                Some(text) => format!("`{text}`"),
                None => "unknown character".into(),
            },
        }
    }
}
