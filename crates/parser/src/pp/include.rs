//! C11 6.10.2: source file inclusion, and which files need not be read twice.

use super::defer::may_defer;
use super::{Deferral, MAX_INCLUDE_DEPTH, MAX_INCLUDES, OpenFile, Preprocessor};
use crate::lex::Lexer;
use crate::literal;
use crate::token::{Token, TokenKind};
use bpfc_base::{Diagnostic, FileId, Session, Span, Symbol, codes, similar};
use std::sync::Arc;

/// Where to look for an included file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncludeForm {
    /// `"name"`: beside the including file first.
    Quoted,
    /// `<name>`: in the search path.
    Angled,
    /// `#include_next`: in the search path, behind the including file's own directory.
    Next,
    /// `#import`: as `#include`, but once; never seen by a provider.
    Import,
}

/// What a [`FileProvider`] is asked for.
#[derive(Clone, Copy, Debug)]
pub struct IncludeRequest<'a> {
    /// The text between the quotes or brackets.
    pub name: &'a str,
    /// Where to look.
    pub form: IncludeForm,
    /// Name of the including file, as its [`LoadedFile`] gave it; empty for `-include`.
    pub includer: &'a str,
    /// The `directory` of the including file's [`LoadedFile`].
    pub directory: u32,
}

/// A file that a [`FileProvider`] found.
#[derive(Clone, Debug)]
pub struct LoadedFile {
    /// A name that is unique to the file: its path as shown to the user.
    pub name: Arc<str>,
    /// Its text; bytes that are not UTF-8 replaced by U+FFFD.
    pub text: Arc<str>,
    /// False for headers that bpfc itself carries.
    pub is_user: bool,
    /// Position of its directory in the search path, for `#include_next`.
    pub directory: u32,
}

/// Finds and reads included files.
pub trait FileProvider {
    /// Reads the file; `None` if there is none.
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile>;

    /// True if [`FileProvider::load`] would find it: for `__has_include`.
    fn exists(&mut self, request: &IncludeRequest<'_>) -> bool {
        self.load(request).is_some()
    }

    /// Names of files that the request might have meant, for "did you mean".
    fn candidates(&mut self, request: &IncludeRequest<'_>) -> Vec<String> {
        let _ = request;
        Vec::new()
    }

    /// True if `directory` of a [`LoadedFile`] holds headers of the system, which get no
    /// warnings.
    fn is_system(&self, _directory: u32) -> bool {
        false
    }
}

/// A provider that finds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl FileProvider for NoFiles {
    fn load(&mut self, _: &IncludeRequest<'_>) -> Option<LoadedFile> {
        None
    }
}

/// A file that was included before.
pub(super) struct KnownFile {
    pub id: FileId,
    /// `#pragma once`.
    pub is_once: bool,
    /// The macro that makes the file empty when it is defined.
    pub guard: Option<Symbol>,
}

/// Watches whether all of a file stands in one `#ifndef`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// Nothing but comments so far.
    Start,
    /// Inside the `#ifndef`.
    Open(Symbol),
    /// Behind its `#endif`.
    Closed(Symbol),
    /// No.
    None,
}

impl Guard {
    /// Tokens, or a directive that does not open a guard.
    pub(super) fn text(&mut self) {
        if matches!(self, Guard::Start | Guard::Closed(_)) {
            *self = Guard::None;
        }
    }

    /// `#ifndef symbol` inside of `depth` conditionals.
    pub(super) fn ifndef(&mut self, symbol: Symbol, depth: usize) {
        match self {
            Guard::Start if depth == 0 => *self = Guard::Open(symbol),
            _ => self.text(),
        }
    }

    /// `#endif` that leaves `depth` conditionals open.
    pub(super) fn endif(&mut self, depth: usize) {
        match *self {
            Guard::Open(symbol) if depth == 0 => *self = Guard::Closed(symbol),
            _ => self.text(),
        }
    }

    /// Any directive but `#if`, `#ifndef` and `#endif`. An `#else` may belong to the
    /// guard; that of an inner conditional is a rare loss.
    pub(super) fn other_directive(&mut self, _name: &str) {
        self.text();
    }
}

impl Preprocessor<'_> {
    /// `#include` and its relatives; `tokens` is what follows the directive's name.
    pub(super) fn include(
        &mut self,
        span: Span,
        tokens: &[Token],
        form: IncludeForm,
        directive: &str,
    ) {
        let expanded;
        let tokens = match tokens.first().map(|token| token.kind) {
            Some(TokenKind::Str | TokenKind::HeaderName) => tokens,
            // C11 6.10.2p4: anything else is macro-expanded first.
            _ => {
                expanded = self.expand_list(tokens);
                &expanded
            }
        };
        let Some((name, is_angled, n_tokens)) = self.header_name(tokens) else {
            let at = tokens.first().map_or(span, |token| token.span);
            let message = format!("expected `\"file\"` or `<file>` after `#{directive}`");
            self.session.report(Diagnostic::new(codes::lex::E0106, at, message));
            return;
        };
        let name_span = self.session.sources.join(tokens[0].span, tokens[n_tokens - 1].span);
        self.check_line_end(&tokens[n_tokens..], &format!("#{directive}"));
        let search = match form {
            IncludeForm::Next => IncludeForm::Next,
            _ if is_angled => IncludeForm::Angled,
            _ => IncludeForm::Quoted,
        };
        self.include_file(&name, search, name_span, form == IncludeForm::Import);
    }

    /// `-include name`.
    pub(super) fn include_from_command_line(&mut self, name: &str) {
        self.include_file(name, IncludeForm::Quoted, Span::NONE, false);
    }

    /// The header name at the beginning of `tokens`: name, whether in `<…>`, and how many
    /// tokens it takes.
    pub(super) fn header_name(&self, tokens: &[Token]) -> Option<(String, bool, usize)> {
        let first = tokens.first()?;
        let names = &self.session.names;
        match first.kind {
            TokenKind::Str => {
                let (_, name) = literal::split_prefix(names.resolve(first.symbol));
                Some((name.to_owned(), false, 1))
            }
            TokenKind::HeaderName => Some((names.resolve(first.symbol).to_owned(), true, 1)),
            TokenKind::Less => {
                let end = tokens.iter().position(|t| t.kind == TokenKind::Greater)?;
                let mut name = String::new();
                for (at, token) in tokens[1..end].iter().enumerate() {
                    if at > 0 && token.has_space() {
                        name.push(' ');
                    }
                    name.push_str(token.spelling(names));
                }
                Some((name, true, end + 1))
            }
            _ => None,
        }
    }

    /// Asks the provider whether a header exists.
    pub(super) fn has_include(&mut self, name: &str, form: IncludeForm) -> bool {
        let (includer, directory) = self.includer();
        self.provider.exists(&IncludeRequest { name, form, includer: &includer, directory })
    }

    fn includer(&self) -> (Arc<str>, u32) {
        match self.files.last() {
            Some(file) => {
                let name = self.session.sources.file(file.id).name.clone();
                (name, file.directory)
            }
            None => ("".into(), 0),
        }
    }

    fn include_file(&mut self, name: &str, form: IncludeForm, span: Span, is_import: bool) {
        if self.files.len() >= MAX_INCLUDE_DEPTH {
            self.report_include_depth(span);
            return;
        }
        self.n_includes += 1;
        if self.n_includes > MAX_INCLUDES {
            self.stop(span, format!("more than {MAX_INCLUDES} files are included"));
            return;
        }
        let (includer, directory) = self.includer();
        let request = IncludeRequest { name, form, includer: &includer, directory };
        let Some(loaded) = self.provider.load(&request) else {
            self.out.has_missing_files = true;
            let message = format!("included file `{name}` was not found");
            let mut report = Diagnostic::new(codes::lex::E0104, span, message);
            let candidates = self.provider.candidates(&request);
            if let Some(known) = similar::most_similar(name, candidates.iter().map(String::as_str))
            {
                report = report.with_help(format!("did you mean `{known}`?"));
            }
            self.session.report(report);
            return;
        };
        if let Some(known) = self.known_files.get(&loaded.name) {
            let is_guarded = known.guard.is_some_and(|guard| self.lookup(guard).is_some());
            if !(known.is_once || is_guarded) {
                let id = known.id;
                let defers = self.defers(id, form);
                self.open_file(id, loaded.directory, defers);
            }
            return;
        }
        let added = self.session.sources.add(&loaded.name, loaded.text, loaded.is_user);
        let Ok(id) = added else {
            self.stop(span, "the source files are larger than 4 GiB".to_owned());
            return;
        };
        // What stands beside a header of the system is one, too.
        let includer = self.files.last().map(|file| file.id);
        let inherits = loaded.directory == 0
            && includer.is_some_and(|id| self.session.sources.file(id).is_system);
        if inherits || self.provider.is_system(loaded.directory) {
            self.session.sources.make_system(id);
        }
        let known = KnownFile { id, is_once: is_import, guard: None };
        self.known_files.insert(loaded.name, known);
        let defers = self.defers(id, form);
        self.open_file(id, loaded.directory, defers);
    }

    fn defers(&self, id: FileId, form: IncludeForm) -> bool {
        let file = self.session.sources.file(id);
        // What a deferred header includes is no more the user's than it is itself.
        let is_angled = form == IncludeForm::Angled || self.files.last().is_some_and(|f| f.defers);
        may_defer(false, file.is_user, is_angled, &file.name, file.text.len())
    }

    fn report_include_depth(&mut self, span: Span) {
        let Some(innermost) = self.files.last() else {
            return;
        };
        let message = format!("files include each other more than {MAX_INCLUDE_DEPTH} deep");
        let mut diagnostic = Diagnostic::new(codes::lex::E0105, span, message);
        let again = self.files.iter().rev().skip(1);
        if again.clone().any(|file| file.id == innermost.id) {
            let name = self.session.sources.file(innermost.id).name.clone();
            diagnostic = diagnostic
                .with_note(format!("`{name}` includes itself, perhaps through other files"))
                .with_help(format!("begin `{name}` with `#pragma once`"));
        }
        // One report is enough: leave all but the main file.
        self.files.truncate(1);
        self.session.report(diagnostic);
    }

    /// Begins to read file `id`.
    pub(super) fn open_file(&mut self, id: FileId, directory: u32, defers: bool) {
        let file = self.session.sources.file(id);
        let (text, base) = (Arc::clone(&file.text), file.start);
        let defers = defers && self.deferral == Deferral::Headers;
        let defers_macros = defers && !file.is_user;
        if let Some(at) = text.find('\0') {
            report_binary(self.session, base + at as u32);
            self.out.has_missing_files = true;
            return;
        }
        self.session.warnings.enter_file(base);
        let lexer = Lexer::new(&text, base, &mut self.session.names);
        self.files.push(OpenFile {
            id,
            lexer,
            line: Vec::new(),
            at: 0,
            conditionals: Vec::new(),
            guard: Guard::Start,
            directory,
            defers,
            defers_macros,
            presumed_name: None,
            line_delta: 0,
        });
    }

    /// Ends the innermost file.
    pub(super) fn close_file(&mut self) {
        let Some(file) = self.files.pop() else {
            return;
        };
        if let Some(span) = file.lexer.unterminated_comment {
            self.out.hides_end = true;
            let diagnostic = Diagnostic::new(codes::lex::E0101, span, "unterminated comment")
                .with_label("starts here")
                .with_help("close it with `*/`");
            self.session.report(diagnostic);
        }
        for conditional in file.conditionals.iter().rev() {
            let end = file.lexer.end();
            let diagnostic = Diagnostic::new(
                codes::lex::E0107,
                conditional.span,
                "conditional without `#endif`",
            )
            .with_secondary(Span::new(end, end), "the file ends here");
            self.session.report(diagnostic);
        }
        if let Guard::Closed(symbol) = file.guard
            && let Some(known) = self.known_files.values_mut().find(|known| known.id == file.id)
        {
            known.guard = Some(symbol);
        }
        if let Some(outer) = self.files.last() {
            self.session.warnings.leave_file(outer.lexer.position());
        }
    }
}

fn report_binary(session: &mut Session, at: u32) {
    let diagnostic = Diagnostic::new(
        codes::lex::E0113,
        Span::new(at, at + 1),
        "the file is not text: it holds a zero byte",
    );
    session.report(diagnostic);
}
