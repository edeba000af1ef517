//! C11 6.7.2p2: which declaration specifiers go together.

use crate::ast::ExprId;
use crate::ast::{Alignas, Attribute, DeclSpecs, Quals, Storage, TagSpecId, TypeNameId, TypeSpec};
use bpfc_base::{Diagnostic, Span, codes};

/// One specifier as the grammar reads it.
#[derive(Debug)]
pub(crate) enum SpecItem {
    Storage(Storage),
    Inline,
    Noreturn,
    ThreadLocal,
    Qual(Qual),
    Attributes(Vec<Attribute>),
    Alignas(Alignas),
    /// A type keyword that combines with others.
    Word(Word),
    /// A type that stands alone.
    Type(Fixed),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Qual {
    Const,
    Volatile,
    Restrict,
    Atomic,
}

impl Qual {
    pub(crate) fn add_to(self, quals: &mut Quals) {
        match self {
            Qual::Const => quals.is_const = true,
            Qual::Volatile => quals.is_volatile = true,
            Qual::Restrict => quals.is_restrict = true,
            Qual::Atomic => quals.is_atomic = true,
        }
    }
}

/// Type keywords that combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Char,
    Short,
    Int,
    Long,
    Float,
    Double,
    Signed,
    Unsigned,
    Int128,
}

/// Types that stand alone. Names are indices of tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fixed {
    Void,
    Bool,
    Auto,
    VaList,
    Int128,
    UInt128,
    Tag(TagSpecId),
    Typedef(u32),
    TypeofExpr(ExprId),
    TypeofType(TypeNameId),
    TypeofUnqualExpr(ExprId),
    TypeofUnqualType(TypeNameId),
    Atomic(TypeNameId),
}

/// The specifiers of a declaration, as far as they were read.
#[derive(Debug)]
pub(crate) struct Specs {
    /// Indices of the first token and the one behind the last.
    pub start: u32,
    pub end: u32,
    pub storage: Option<(Storage, Span)>,
    pub is_inline: bool,
    pub is_noreturn: bool,
    pub is_thread_local: bool,
    pub alignas: Vec<Alignas>,
    pub quals: Quals,
    pub attrs: Vec<Attribute>,
    /// How often each [`Word`] occurs.
    words: [u8; 9],
    pub fixed: Option<Fixed>,
    /// Token behind the `}` of a struct: attributes there belong to it.
    pub tag_end: Option<(TagSpecId, u32)>,
}

impl Specs {
    pub(crate) fn new(start: u32) -> Self {
        Self {
            start,
            end: start,
            storage: None,
            is_inline: false,
            is_noreturn: false,
            is_thread_local: false,
            alignas: Vec::new(),
            quals: Quals::default(),
            attrs: Vec::new(),
            words: [0; 9],
            fixed: None,
            tag_end: None,
        }
    }

    pub(crate) fn add_word(&mut self, word: Word) {
        let count = &mut self.words[word as usize];
        *count = count.saturating_add(1);
    }

    /// True if no type was named.
    pub(crate) fn has_no_type(&self) -> bool {
        self.fixed.is_none() && self.words == [0; 9]
    }

    /// True if there is nothing but attributes: `__attribute__((fallthrough));`.
    pub(crate) fn is_only_attributes(&self) -> bool {
        self.has_no_type()
            && self.storage.is_none()
            && !self.is_inline
            && !self.is_noreturn
            && self.quals == Quals::default()
            && self.alignas.is_empty()
    }

    /// The type that the keywords make together (C11 6.7.2p2).
    pub(crate) fn words_type(&self) -> Result<TypeSpec, &'static str> {
        let n = |word: Word| self.words[word as usize];
        let (signed, unsigned) = (n(Word::Signed), n(Word::Unsigned));
        let sign = match (signed, unsigned) {
            (0, 0) => None,
            (1, 0) => Some(false),
            (0, 1) => Some(true),
            _ => {
                return Err("`signed` and `unsigned` can be given only once");
            }
        };
        let is_unsigned = sign == Some(true);
        let pick = |signed, unsigned| if is_unsigned { unsigned } else { signed };
        let kinds = [Word::Char, Word::Short, Word::Float, Word::Double, Word::Int128];
        let n_kinds: u32 = kinds.iter().map(|&word| u32::from(n(word))).sum();
        let (ints, longs) = (n(Word::Int), n(Word::Long));
        let is_floating = n(Word::Float) + n(Word::Double) > 0;
        let is_valid = ints <= 1
            && longs <= 2
            && n_kinds <= 1
            && (n_kinds == 0 || longs == 0 || (n(Word::Double) == 1 && longs == 1))
            && (n_kinds == 0 || ints == 0 || n(Word::Short) == 1)
            && !(is_floating && sign.is_some());
        if !is_valid {
            return Err("these type keywords cannot be combined");
        }
        Ok(if n(Word::Char) == 1 {
            match sign {
                None => TypeSpec::Char,
                Some(false) => TypeSpec::SChar,
                Some(true) => TypeSpec::UChar,
            }
        } else if n(Word::Short) == 1 {
            pick(TypeSpec::Short, TypeSpec::UShort)
        } else if n(Word::Float) == 1 {
            TypeSpec::Float
        } else if n(Word::Double) == 1 {
            if longs == 1 { TypeSpec::LongDouble } else { TypeSpec::Double }
        } else if n(Word::Int128) == 1 {
            pick(TypeSpec::Int128, TypeSpec::UInt128)
        } else {
            match longs {
                0 => pick(TypeSpec::Int, TypeSpec::UInt),
                1 => pick(TypeSpec::Long, TypeSpec::ULong),
                _ => pick(TypeSpec::LongLong, TypeSpec::ULongLong),
            }
        })
    }

    /// The finished specifiers with type `ty`.
    pub(crate) fn finish(self, ty: TypeSpec, span: Span) -> DeclSpecs {
        DeclSpecs {
            storage: self.storage,
            is_inline: self.is_inline,
            is_noreturn: self.is_noreturn,
            is_thread_local: self.is_thread_local,
            alignas: self.alignas,
            quals: self.quals,
            ty,
            attrs: self.attrs,
            span,
        }
    }
}

pub(crate) fn invalid(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(codes::parse::E0203, span, message)
}
