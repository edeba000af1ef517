//! C11 6.10: the preprocessor. Input: a file of the session; output: a [`TokenStream`].
//!
//! Tokens are pulled: from the innermost macro expansion, else from the innermost file,
//! where directives are carried out on the way. It does no IO: included files come from
//! a [`FileProvider`].

mod builtin;
mod defer;
mod define;
mod diagnostic;
mod directive;
mod expand;
mod expr;
mod features;
mod include;
mod pragma;
mod predefined;
mod print;
mod stream;
mod substitute;
mod unread;

pub use features::{ATTRIBUTES, BUILTINS};
pub use include::{FileProvider, IncludeForm, IncludeRequest, LoadedFile, NoFiles};
pub use print::{dump_tokens, preprocess_to_text};
pub use stream::{Pragma, PragmaAt, TokenStream};

use crate::lex::Lexer;
use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::{Diagnostic, FileId, Idx, Session, Span, Symbol, codes};
use define::{Macro, MacroId};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What the command line asks of the preprocessor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PpOptions {
    /// `-D`: `NAME`, `NAME=VALUE` or `NAME(PARAMETERS)=VALUE`.
    pub defines: Vec<String>,
    /// `-U`: names, after `defines` took effect.
    pub undefines: Vec<String>,
    /// `-include`: files to read before the main file.
    pub includes: Vec<String>,
    /// `-mcpu`: the value of `__BPF_CPU_VERSION__`.
    pub cpu_version: u32,
    /// What the macros of the target say of its byte order.
    pub byte_order: ByteOrder,
    /// Whether declarations in headers may wait.
    pub deferral: Deferral,
    /// Which macros exist before the first line.
    pub predefined: Predefined,
}

/// Macros that are there from the start, besides those of the command line and those
/// without a fixed value, such as `__LINE__`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Predefined {
    /// Those of clang for BPF.
    #[default]
    Target,
    /// None.
    None,
}

/// The order of the bytes of a number in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lowest first.
    #[default]
    Little,
    /// The highest first.
    Big,
}

/// Which declarations are parsed only when something needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deferral {
    /// None: mistakes are found in everything.
    #[default]
    None,
    /// Those of types in headers that bpfc carries, that `#include <…>` finds, and in large
    /// ones. Mistakes in what is not needed go unnoticed.
    Headers,
}

impl Default for PpOptions {
    fn default() -> Self {
        Self {
            defines: Vec::new(),
            undefines: Vec::new(),
            includes: Vec::new(),
            cpu_version: 3,
            byte_order: ByteOrder::Little,
            deferral: Deferral::None,
            predefined: Predefined::Target,
        }
    }
}

/// Preprocesses `file`.
pub fn preprocess(
    session: &mut Session,
    file: FileId,
    options: &PpOptions,
    provider: &mut dyn FileProvider,
) -> TokenStream {
    let mut pp = Preprocessor::new(session, provider, file);
    pp.deferral = options.deferral;
    pp.predefine(options);
    for name in &options.includes {
        pp.include_from_command_line(name);
        pp.run();
    }
    let main = pp.session.sources.file(file);
    let defers = defer::may_defer(true, true, false, &main.name, main.text.len());
    pp.open_file(file, 0, defers);
    pp.run();
    pp.finish()
}

/// Files that may be open inside of each other; GCC's limit as well.
const MAX_INCLUDE_DEPTH: usize = 200;
/// Files opened in all: guards against headers that include each other exponentially.
const MAX_INCLUDES: usize = 100_000;
/// Macro expansions in all.
const MAX_EXPANSIONS: usize = 1_000_000;
/// Tokens that macro calls may take and make in all.
const MAX_MACRO_TOKENS: usize = 4_000_000;
/// Macro calls in arguments of macro calls.
const MAX_EXPANSION_DEPTH: usize = 200;
/// Tokens of a preprocessed file.
const MAX_TOKENS: usize = 1 << 24;

struct Preprocessor<'a> {
    session: &'a mut Session,
    provider: &'a mut dyn FileProvider,
    main_file: FileId,
    syms: Syms,
    /// Definitions by number; `#undef` leaves them in place, since they may be in use.
    macros: Vec<Macro>,
    /// The macro that each symbol names now.
    by_symbol: Vec<Option<MacroId>>,
    /// What is known of the files read so far, by name.
    known_files: FxHashMap<Arc<str>, include::KnownFile>,
    /// Open files, the innermost last.
    files: Vec<OpenFile>,
    /// Macro expansions in progress, the innermost last.
    contexts: Vec<Context>,
    /// Empty token buffers to use again.
    spare: Vec<Vec<Token>>,
    pragmas: Vec<(Pragma, Span)>,
    pragma_state: pragma::PragmaState,
    deferral: Deferral,
    defer: defer::DeferState,
    macro_filter: defer::MacroFilter,
    out: TokenStream,
    counter: u64,
    n_includes: usize,
    n_expansions: usize,
    n_macro_tokens: usize,
    depth: usize,
    /// Macro calls whose arguments are being collected from the file.
    n_open_calls: usize,
    /// The tokens being expanded are those of `#if`.
    is_in_condition: bool,
    /// A limit was passed: no more tokens.
    is_stopped: bool,
}

/// A file that is being read.
struct OpenFile {
    id: FileId,
    lexer: Lexer,
    /// The current line and the next token of it.
    line: Vec<Token>,
    at: usize,
    conditionals: Vec<directive::Conditional>,
    guard: include::Guard,
    /// Which directory of the search path it was found in.
    directory: u32,
    /// Declarations in it may be deferred.
    defers: bool,
    /// Replacement lists of its macros as well.
    defers_macros: bool,
    /// What `#line` set: the name, and what to add to line numbers.
    presumed_name: Option<Symbol>,
    line_delta: i64,
}

/// The tokens of an expansion, with the next to read.
struct Context {
    tokens: Vec<Token>,
    at: usize,
    /// The macro, disabled until the tokens are used up.
    macro_id: Option<MacroId>,
    /// Nothing is read past the end of these tokens.
    is_barrier: bool,
}

/// Symbols that the preprocessor compares with.
struct Syms {
    none: Symbol,
    va_args: Symbol,
    va_opt: Symbol,
    defined: Symbol,
    zero: Symbol,
    one: Symbol,
}

impl<'a> Preprocessor<'a> {
    fn new(
        session: &'a mut Session,
        provider: &'a mut dyn FileProvider,
        main_file: FileId,
    ) -> Self {
        let syms = Syms {
            none: session.intern(""),
            va_args: session.intern("__VA_ARGS__"),
            va_opt: session.intern("__VA_OPT__"),
            defined: session.intern("defined"),
            zero: session.intern("0"),
            one: session.intern("1"),
        };
        Self {
            session,
            provider,
            main_file,
            syms,
            macros: Vec::new(),
            by_symbol: Vec::new(),
            known_files: FxHashMap::default(),
            files: Vec::new(),
            contexts: Vec::new(),
            spare: Vec::new(),
            pragmas: Vec::new(),
            pragma_state: pragma::PragmaState::default(),
            deferral: Deferral::None,
            defer: defer::DeferState::default(),
            macro_filter: defer::MacroFilter::default(),
            out: TokenStream::default(),
            counter: 0,
            n_includes: 0,
            n_expansions: 0,
            n_macro_tokens: 0,
            depth: 0,
            n_open_calls: 0,
            is_in_condition: false,
            is_stopped: false,
        }
    }

    /// Reads all open files to their ends.
    fn run(&mut self) {
        while let Some(token) = self.next_expanded() {
            self.emit(token);
        }
    }

    fn finish(mut self) -> TokenStream {
        self.out.is_complete = !self.is_stopped;
        let file = self.session.sources.file(self.main_file);
        let end = file.start + file.text.len() as u32;
        self.out.end = Span::new(end, end);
        self.out
    }

    fn emit(&mut self, token: Token) {
        match token.kind {
            TokenKind::Pragma => {
                let (pragma, span) = self.pragmas[token.symbol.index()].clone();
                self.out.pragmas.push(PragmaAt {
                    index: self.out.tokens.len() as u32,
                    pragma,
                    span,
                });
                self.defer.is_group_open = false;
                return;
            }
            // A macro call that was wrong: what it stands for is unknown.
            TokenKind::ErrorExpr => {
                let index = self.out.tokens.len() as u32;
                self.out.lexical_errors.push(index);
            }
            TokenKind::Unknown
            | TokenKind::UnterminatedChar
            | TokenKind::UnterminatedStr
            | TokenKind::HashHash
            | TokenKind::Hash => {
                let index = self.out.tokens.len() as u32;
                self.out.lexical_errors.push(index);
                self.report_bad_token(token);
                if matches!(token.kind, TokenKind::Unknown | TokenKind::Hash | TokenKind::HashHash)
                {
                    return;
                }
            }
            _ => {}
        }
        if self.out.tokens.len() >= MAX_TOKENS {
            self.stop(token.span, format!("the program has more than {MAX_TOKENS} tokens"));
            return;
        }
        self.defer.emitted(token.kind);
        self.out.tokens.push(token);
    }

    pub(super) fn report_bad_token(&mut self, token: Token) {
        let text = token.spelling(&self.session.names).to_owned();
        let diagnostic = match token.kind {
            TokenKind::Unknown => bad_character(&text, token.span),
            TokenKind::Hash | TokenKind::HashHash => {
                Diagnostic::new(codes::lex::E0102, token.span, format!("stray `{text}` in program"))
                    .with_note("a directive must be the first thing in its line")
            }
            kind => {
                let (what, quote) = match kind {
                    TokenKind::UnterminatedChar => ("character constant", '\''),
                    _ => ("string", '"'),
                };
                Diagnostic::new(codes::lex::E0103, token.span, format!("unterminated {what}"))
                    .with_label("starts here and has no end in its line")
                    .with_help(format!("close it with `{quote}`"))
            }
        };
        self.session.report(diagnostic);
    }

    /// The next token before macro expansion; `None` at the end of the input, or of the
    /// macro argument or directive that is being expanded.
    fn next_raw(&mut self) -> Option<Token> {
        loop {
            if self.is_stopped {
                return None;
            }
            let Some(context) = self.contexts.last_mut() else {
                return self.next_of_file();
            };
            if let Some(&token) = context.tokens.get(context.at) {
                context.at += 1;
                return Some(token);
            }
            if context.is_barrier {
                return None;
            }
            self.pop_context();
        }
    }

    fn next_of_file(&mut self) -> Option<Token> {
        while !self.is_stopped {
            let file = self.files.last_mut()?;
            if let Some(&token) = file.line.get(file.at) {
                file.at += 1;
                return Some(token);
            }
            file.line.clear();
            file.at = 0;
            let (defers, defers_macros) = (file.defers, file.defers_macros);
            if defers_macros {
                self.take_definitions();
            }
            if defers {
                self.defer_declarations();
            }
            let file = self.files.last_mut()?;
            if !file.lexer.line(&mut self.session.names, &mut file.line) {
                if self.n_open_calls > 0 {
                    // A macro call must end in the file in which it begins.
                    return None;
                }
                self.close_file();
            } else if file.line[0].kind == TokenKind::Hash {
                self.directive();
            } else {
                file.guard.text();
            }
        }
        None
    }

    /// True if the next token is `(`, which makes the name of a function-like macro a call.
    fn is_paren_next(&mut self) -> bool {
        while let Some(context) = self.contexts.last() {
            if let Some(token) = context.tokens.get(context.at) {
                return token.kind == TokenKind::LParen;
            }
            if context.is_barrier {
                return false;
            }
            self.pop_context();
        }
        let Some(file) = self.files.last_mut() else {
            return false;
        };
        if file.at >= file.line.len() {
            let mut line = Vec::new();
            if !file.lexer.line(&mut self.session.names, &mut line) {
                return false;
            }
            file.line = line;
            file.at = 0;
            if file.line[0].kind == TokenKind::Hash {
                // `next_of_file` must see the directive; a `#` in front of a call's
                // parenthesis ends the search.
                self.directive();
                return false;
            }
            file.guard.text();
        }
        file.line[file.at].kind == TokenKind::LParen
    }

    fn push_context(&mut self, tokens: Vec<Token>, macro_id: Option<MacroId>, is_barrier: bool) {
        if let Some(id) = macro_id {
            self.macros[id.index()].is_disabled = true;
        }
        self.contexts.push(Context { tokens, at: 0, macro_id, is_barrier });
    }

    fn pop_context(&mut self) {
        if let Some(context) = self.contexts.pop() {
            if let Some(id) = context.macro_id {
                self.macros[id.index()].is_disabled = false;
            }
            self.keep_buffer(context.tokens);
        }
    }

    /// An empty buffer.
    fn buffer(&mut self) -> Vec<Token> {
        self.spare.pop().unwrap_or_default()
    }

    fn keep_buffer(&mut self, mut buffer: Vec<Token>) {
        if self.spare.len() < 64 && buffer.capacity() <= 4096 {
            buffer.clear();
            self.spare.push(buffer);
        }
    }

    /// E0114: reports and ends preprocessing.
    fn stop(&mut self, span: Span, message: String) {
        if !self.is_stopped {
            self.is_stopped = true;
            let span = self.session.sources.root(span);
            self.session.report(Diagnostic::new(codes::lex::E0114, span, message));
        }
    }

    fn number_token(&mut self, value: &str, like: Token) -> Token {
        Token {
            kind: TokenKind::Number,
            symbol: self.session.intern(value),
            flags: like.flags.without(TokenFlags::NO_EXPAND),
            span: like.span,
        }
    }
}

fn bad_character(text: &str, span: Span) -> Diagnostic {
    let message = match text.chars().next() {
        Some(c) if text.len() == 1 && c.is_ascii_control() => {
            format!("unknown character `\\x{:02x}`", c as u32)
        }
        _ => format!("unknown character in `{text}`"),
    };
    let diagnostic = Diagnostic::new(codes::lex::E0102, span, message);
    if text.contains(['\u{201c}', '\u{201d}', '\u{201e}']) {
        return diagnostic.with_help("write strings with plain `\"` quotes");
    }
    if text.contains(['\u{2018}', '\u{2019}', '\u{a0}', '\u{200b}']) {
        return diagnostic.with_help("replace the typographic character by its plain form");
    }
    if text == "\\" {
        return diagnostic.with_note("a backslash continues a line only when it is the last in it");
    }
    diagnostic
}
