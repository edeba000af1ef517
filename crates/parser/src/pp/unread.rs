//! C11 6.10.3 in headers that bpfc carries: `#define` takes down the name and the place, and the rest of the line is
//! read when the macro is first used. A program uses few of the thousands of macros that its headers define.
//!
//! Nothing else is put off: a macro is defined at its `#define`, and all of what is carried is known to be right. What
//! does not fit the patterns below takes the usual way.

use super::Preprocessor;
use super::define::{MacroId, MacroKind};
use super::include::Guard;
use crate::lex::Lexer;
use bpfc_base::Idx;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// A definition in a text without splices.
struct Definition {
    /// The line of the `#define`, without its end.
    line: Range<usize>,
    name: Range<usize>,
    /// It stands between `#ifndef` with its name and `#endif`.
    is_guarded: bool,
    /// Where the next line begins.
    end: usize,
}

impl Preprocessor<'_> {
    /// Takes down definitions at the beginning of the innermost file's next lines.
    pub(super) fn take_definitions(&mut self) {
        let Some(file) = self.files.last().filter(|_| self.n_open_calls == 0) else {
            return;
        };
        let text = Arc::clone(file.lexer.text());
        let mut at = file.lexer.offset();
        while let Some(found) = find(&text, at) {
            let name = self.session.names.intern(&text[found.name.clone()]);
            let is_defined = self.lookup(name).is_some();
            let Some(file) = self.files.last_mut() else {
                return;
            };
            // One that is there already is compared; a guard may be that of the file.
            let is_usual = match found.is_guarded {
                true => file.guard == Guard::Start,
                false => is_defined || name == self.syms.defined,
            };
            if is_usual {
                return;
            }
            file.guard.text();
            let (name_span, line) = file.lexer.skip_line(found.name, found.line, found.end);
            at = found.end;
            if !is_defined {
                self.add_macro(name, name_span, MacroKind::Unread(line));
            }
        }
    }

    /// What macro `id` stands for.
    pub(super) fn macro_kind(&mut self, id: MacroId) -> MacroKind {
        let macro_idx = id.index();
        if let MacroKind::Unread(line) = self.macros[macro_idx].kind {
            let text: Arc<str> = self.session.sources.text(line).into();
            let mut tokens = self.buffer();
            Lexer::new(&text, line.lo, &mut self.session.names)
                .line(&mut self.session.names, &mut tokens);
            let kind = match &tokens[..] {
                [_hash, _define, name, rest @ ..] => self.definition(*name, rest),
                _ => unreachable!("`{text}` was found to be a definition"),
            };
            self.keep_buffer(tokens);
            self.macros[macro_idx].kind = kind.unwrap_or(MacroKind::Object(Rc::new([])));
        }
        self.macros[macro_idx].kind.clone()
    }
}

/// The definition that the line at `at` is, or begins to guard.
fn find(text: &str, at: usize) -> Option<Definition> {
    let at = at + text[at..].bytes().take_while(|&byte| byte == b'\n').count();
    let Some(guarded) = text[at..].strip_prefix("#ifndef ") else {
        return definition(text, at);
    };
    let n_bytes = name_bytes(guarded);
    let line = at + "#ifndef ".len() + n_bytes + 1;
    let found = definition(text, line).filter(|_| guarded.as_bytes()[n_bytes] == b'\n')?;
    let is_same = text[found.name.clone()] == guarded[..n_bytes];
    let is_closed = text[found.end..].starts_with("#endif\n");
    let end = found.end + "#endif\n".len();
    (is_same && is_closed).then_some(Definition { is_guarded: true, end, ..found })
}

/// `#define` and a name in the line at `at`, without comments.
fn definition(text: &str, at: usize) -> Option<Definition> {
    let rest = text.get(at..)?.strip_prefix("#define ")?;
    let start = at + "#define ".len();
    let name = start..start + name_bytes(rest);
    let n_bytes = rest.find('\n')?;
    let is_name = matches!(text.as_bytes()[name.end], b' ' | b'(' | b'\n')
        && !name.is_empty()
        && !rest.starts_with(|first: char| first.is_ascii_digit());
    let is_plain = !rest.as_bytes()[..n_bytes].contains(&b'/');
    let end = start + n_bytes;
    (is_name && is_plain).then_some(Definition {
        line: at..end,
        name,
        is_guarded: false,
        end: end + 1,
    })
}

fn name_bytes(text: &str) -> usize {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    text.as_bytes().iter().take_while(|byte| is_name(byte)).count()
}
