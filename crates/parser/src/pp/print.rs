//! Token streams as text: `-E` and `--emit tokens`.

use super::{FileProvider, PpOptions, TokenStream, preprocess};
use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::{FileId, Session};
use std::fmt::Write;

/// Preprocesses `file` and gives the result as text: the output of `-E`.
pub fn preprocess_to_text(
    session: &mut Session,
    file: FileId,
    options: &PpOptions,
    provider: &mut dyn FileProvider,
) -> String {
    let stream = preprocess(session, file, options, provider);
    print_text(session, &stream)
}

/// `stream` as C text that lexes to the same tokens.
fn print_text(session: &Session, stream: &TokenStream) -> String {
    let mut text = String::new();
    let mut at: Option<(FileId, u32)> = None;
    let mut previous: Option<Token> = None;
    for token in &stream.tokens {
        if token.flags.contains(TokenFlags::LINE_START) || previous.is_none() {
            let root = session.sources.root(token.span);
            if let Some((file, line_col)) = session.sources.line_col(root) {
                start_line(session, &mut text, at, (file, line_col.line));
                at = Some((file, line_col.line));
            } else {
                text.push('\n');
            }
            let _ = session.sources.line_col(root).map(|(_, line_col)| {
                text.extend(std::iter::repeat_n(' ', line_col.col.min(80) as usize - 1));
            });
        } else if token.has_space() || previous.is_some_and(|p| would_merge(session, p, *token)) {
            text.push(' ');
        }
        push_spelling(session, &mut text, token);
        previous = Some(*token);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Goes to a new line of the output: blank lines for a small step forward in the same
/// file, a line marker else.
fn start_line(session: &Session, text: &mut String, at: Option<(FileId, u32)>, to: (FileId, u32)) {
    let (file, line) = to;
    match at {
        Some((old, from)) if old == file && from < line && line - from <= 8 => {
            text.extend(std::iter::repeat_n('\n', (line - from) as usize));
        }
        _ => {
            if at.is_some() {
                text.push('\n');
            }
            let name = session.sources.file(file).name.replace('\\', "\\\\");
            let name = name.replace('"', "\\\"");
            let _ = writeln!(text, "# {line} \"{name}\"");
        }
    }
}

fn push_spelling(session: &Session, text: &mut String, token: &Token) {
    text.push_str(token.spelling(&session.names));
}

/// True if the two tokens, written without a space, would lex differently.
fn would_merge(session: &Session, left: Token, right: Token) -> bool {
    let wordy = |kind| {
        matches!(kind, TokenKind::Ident | TokenKind::Number | TokenKind::Char | TokenKind::Str)
    };
    if wordy(left.kind) && wordy(right.kind) {
        return !matches!(left.kind, TokenKind::Char | TokenKind::Str)
            || matches!(right.kind, TokenKind::Char | TokenKind::Str);
    }
    let last = left.spelling(&session.names).chars().next_back();
    let first = right.spelling(&session.names).chars().next();
    match (last, first) {
        (Some('.'), Some(c)) => c == '.' || c.is_ascii_digit(),
        (Some(a), Some('.')) if left.kind == TokenKind::Number => a.is_ascii(),
        (Some(_), Some('+' | '-')) if left.kind == TokenKind::Number => true,
        (Some(a), Some(b)) => {
            a.is_ascii_punctuation()
                && b.is_ascii_punctuation()
                && (b == '='
                    || (a == b && "+-&|<>#".contains(a))
                    || matches!(
                        (a, b),
                        ('-', '>')
                            | ('/', '/' | '*')
                            | ('<', '%' | ':')
                            | ('%', '>' | ':')
                            | (':', '>')
                    ))
        }
        _ => false,
    }
}

/// One token per line, with its kind and place: `--emit tokens`.
pub fn dump_tokens(session: &Session, stream: &TokenStream) -> String {
    let mut text = String::new();
    let mut pragmas = stream.pragmas.iter().peekable();
    for (index, token) in stream.tokens.iter().enumerate() {
        while let Some(at) = pragmas.next_if(|at| at.index as usize <= index) {
            let _ = writeln!(text, "pragma {:?}", at.pragma);
        }
        let kind = match token.kind.text() {
            Some(_) => "Punctuator".to_owned(),
            None => format!("{:?}", token.kind),
        };
        let spelling = token.spelling(&session.names);
        let root = session.sources.root(token.span);
        let _ = match session.sources.line_col(root) {
            Some((_, at)) => writeln!(text, "{}:{} {kind} {spelling}", at.line, at.col),
            None => writeln!(text, "? {kind} {spelling}"),
        };
    }
    text
}
