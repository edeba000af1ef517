//! Source positions. All files of a session share one address space of bytes, so a
//! position is one `u32` and a file is a range of them ([`SourceMap`](crate::SourceMap)).

use crate::index_type;

index_type! {
    /// A macro expansion; [`ExpnId::ROOT`] means "not from a macro".
    pub struct ExpnId, "expn"
}

impl ExpnId {
    /// Text that was written where it stands.
    pub const ROOT: ExpnId = ExpnId(0);
}

/// A range of source bytes, and the macro expansion that put it into the token stream.
///
/// `lo..hi` is where the text is *spelled*. A token of a macro's body is spelled in the
/// `#define` and carries the expansion; a token of a macro's argument is spelled in the
/// call and keeps the call's own expansion, so that it points at the user's text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte, in the session's address space.
    pub lo: u32,
    /// One past the last byte.
    pub hi: u32,
    /// The expansion that produced this text.
    pub expn: ExpnId,
}

impl Span {
    /// The span of things that no source text stands for.
    pub const NONE: Span = Span { lo: 0, hi: 0, expn: ExpnId::ROOT };

    /// A span of text that no macro produced.
    pub const fn new(lo: u32, hi: u32) -> Self {
        Self { lo, hi, expn: ExpnId::ROOT }
    }

    /// True for [`Span::NONE`].
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// The empty span at its start.
    pub fn start(self) -> Self {
        Self { hi: self.lo, ..self }
    }

    /// The empty span at its end.
    pub fn end(self) -> Self {
        Self { lo: self.hi, ..self }
    }
}

impl Default for Span {
    fn default() -> Self {
        Self::NONE
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.expn == ExpnId::ROOT {
            write!(f, "{}..{}", self.lo, self.hi)
        } else {
            write!(f, "{}..{}@{}", self.lo, self.hi, self.expn)
        }
    }
}

/// One macro expansion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// The macro's name.
    pub name: crate::Symbol,
    /// The whole call, `NAME` or `NAME(args)`; its own `expn` is the next link of the chain.
    pub call_site: Span,
    /// The name in the `#define`; `NONE` for built-in macros.
    pub def_site: Span,
}
