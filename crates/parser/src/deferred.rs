//! Declarations of types in headers that are not parsed before something needs them.
//!
//! The preprocessor finds their ends and their names ([`crate::pp`]); the type checker asks
//! for the tree of one when it looks up a name that it declares. What is never asked for
//! costs no more than reading over its text.

use crate::ast::{TagKind, TranslationUnit};
use crate::lex::Lexer;
use crate::parse::scopes::Scopes;
use crate::parse::{TypeNames, parse_deferred};
use crate::pp::{PragmaAt, TokenStream};
use crate::token::TokenKind;
use bpfc_base::{Idx, Session, Span, Symbol, index_type};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

index_type! {
    /// A deferred declaration; in source order.
    pub struct DeferredId, "deferred"
}

/// What a deferred declaration makes of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeferredKind {
    /// A typedef's name.
    Typedef,
    /// An enumeration constant.
    Enumerator,
    /// The tag of a struct, union or enumeration with a body.
    Tag(TagKind),
}

/// A name that a deferred declaration declares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeferredName {
    pub(crate) name: Symbol,
    pub(crate) kind: DeferredKind,
    item: u32,
    /// One more than the index of the entry before with the same name; 0 for none.
    previous: u32,
}

/// Where a deferred declaration stands.
#[derive(Clone, Copy, Debug)]
struct DeferredItem {
    /// Positions in the session's address space.
    lo: u32,
    hi: u32,
    /// End of its names.
    names_end: u32,
}

/// Neighbouring declarations for which one token stands in the stream.
#[derive(Clone, Debug)]
struct Group {
    /// Index of the token.
    token: u32,
    first_item: u32,
    /// Pragmas in force here.
    pragmas: Vec<PragmaAt>,
}

/// The deferred declarations of a translation unit.
#[derive(Clone, Debug, Default)]
pub struct Deferred {
    items: Vec<DeferredItem>,
    names: Vec<DeferredName>,
    /// By symbol: one more than the index of its last entry in `names`; 0 for none.
    last: Vec<u32>,
    groups: Vec<Group>,
    /// Kinds of the keywords, by symbol.
    pub(crate) keywords: Rc<[TokenKind]>,
    /// Which names are types at the end of the file.
    pub(crate) scopes: RefCell<Scopes>,
    parsed: Vec<OnceCell<Box<TranslationUnit>>>,
}

impl Deferred {
    /// Number of declarations.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True if everything was parsed at once.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether a declaration mentions `name` as something that it declares.
    pub fn declares(&self, name: Symbol) -> bool {
        self.last.get(name.index()).is_some_and(|&last| last != 0)
    }

    /// The declarations that declare `name`, the last one first.
    pub fn declaring(&self, name: Symbol) -> impl Iterator<Item = (DeferredId, DeferredKind)> {
        let mut next = self.last.get(name.index()).copied().unwrap_or(0);
        std::iter::from_fn(move || {
            let entry = self.names[(next as usize).checked_sub(1)?];
            next = entry.previous;
            Some((DeferredId::new(entry.item as usize), entry.kind))
        })
    }

    /// Every declared name with its kind, in source order.
    pub fn names(&self) -> impl Iterator<Item = (Symbol, DeferredKind)> {
        self.names.iter().map(|entry| (entry.name, entry.kind))
    }

    /// Where the declaration stands.
    pub fn span(&self, id: DeferredId) -> Span {
        let item = self.items[id.index()];
        Span::new(item.lo, item.hi)
    }

    /// The tree of declaration `id`, parsed when first asked for. `types` knows the types
    /// that the text does not declare. Mistakes are reported to the session, once.
    pub fn parse(
        &self,
        session: &mut Session,
        id: DeferredId,
        types: &mut dyn TypeNames,
    ) -> &TranslationUnit {
        let item = id.index();
        self.parsed[item].get_or_init(|| {
            let stream = self.tokens(session, item);
            Box::new(parse_deferred(session, stream, types, self))
        })
    }

    /// The tokens of a declaration: no name in it is that of a macro.
    fn tokens(&self, session: &mut Session, item: usize) -> TokenStream {
        let DeferredItem { lo, hi, .. } = self.items[item];
        let text: Arc<str> = session.sources.text(Span::new(lo, hi)).into();
        let mut lexer = Lexer::new(&text, lo, &mut session.names);
        let mut tokens = Vec::new();
        while lexer.line(&mut session.names, &mut tokens) {}
        let after = self.groups.partition_point(|group| group.first_item as usize <= item);
        let pragmas = self.groups[after - 1].pragmas.clone();
        let end = Span::new(hi, hi);
        TokenStream { tokens, pragmas, end, is_complete: true, ..TokenStream::default() }
    }

    /// The declarations that the token with index `token` stands for.
    pub(crate) fn group(&self, token: u32) -> std::ops::Range<u32> {
        let Ok(at) = self.groups.binary_search_by_key(&token, |group| group.token) else {
            return 0..0;
        };
        let end = self.groups.get(at + 1).map_or(self.items.len() as u32, |next| next.first_item);
        self.groups[at].first_item..end
    }

    /// The names that declarations `items` declare.
    pub(crate) fn names_of(&self, items: std::ops::Range<u32>) -> &[DeferredName] {
        let end_of = |item: u32| self.items[item as usize].names_end as usize;
        match (items.start.checked_sub(1), items.end.checked_sub(1)) {
            (_, None) => &[],
            (before, Some(last)) => &self.names[before.map_or(0, end_of)..end_of(last)],
        }
    }

    /// The token with index `token` stands for the declarations that follow.
    pub(crate) fn open_group(&mut self, token: u32, pragmas: Vec<PragmaAt>) {
        self.groups.push(Group { token, first_item: self.items.len() as u32, pragmas });
    }

    /// Adds a name to the declaration that [`Deferred::push_item`] is called for next.
    pub(crate) fn push_name(&mut self, name: Symbol, kind: DeferredKind) {
        if self.last.len() <= name.index() {
            self.last.resize(name.index() + 1, 0);
        }
        let item = self.items.len() as u32;
        let previous = self.last[name.index()];
        self.names.push(DeferredName { name, kind, item, previous });
        self.last[name.index()] = self.names.len() as u32;
    }

    pub(crate) fn push_item(&mut self, lo: u32, hi: u32) {
        let names_end = self.names.len() as u32;
        self.items.push(DeferredItem { lo, hi, names_end });
        self.parsed.push(OnceCell::new());
    }
}
