//! What to tell about a syntax error, given the repair that makes it go away.

use super::known_macros;
use super::recover::Failure;
use super::repair::{Fix, Level};
use super::state::Inner;
use crate::token::{Token, TokenFlags, TokenKind};
use bpfc_base::{Diagnostic, Edit, ExpnId, Span, codes, similar};

/// Keywords that begin a statement: candidates for "did you mean".
const STATEMENT_KEYWORDS: [&str; 12] = [
    "break", "case", "continue", "default", "do", "else", "for", "goto", "if", "return", "switch",
    "while",
];

/// As many tokens a call of a macro has at most that is looked at.
const MACRO_TOKENS: usize = 64;

/// Reports `failure`, unless it is the consequence of something reported before.
pub(super) fn report(inner: &mut Inner<'_>, failure: &Failure, fix: Fix, levels: &[Level]) {
    if is_consequence(inner, failure.at) {
        return;
    }
    let report = match fix {
        Fix::Insert { kind, at } => missing_token(inner, failure, kind, at, levels),
        Fix::CloseCall => close_call(inner, failure, levels),
        Fix::InsertExpression => missing_expression(inner, failure.at),
        Fix::InsertType => missing_type(inner, failure.at),
        Fix::Drop => unexpected(inner, failure),
        Fix::DropComma => {
            let comma = inner.tokens[failure.at as usize - 1].span;
            let found = found(inner, failure.at);
            error(comma, format!("unexpected `,` before {found}"))
        }
        Fix::Skip { .. } => unexpected(inner, failure),
    };
    let report = misspelled_keyword(inner, failure.at, report);
    inner.session.report(report);
}

fn error(span: Span, message: String) -> Diagnostic {
    Diagnostic::new(codes::parse::E0201, span, message)
}

/// True for errors that follow from a lexical error or from a missing end.
fn is_consequence(inner: &Inner<'_>, at: u32) -> bool {
    let stream = inner.stream;
    let is_at_end = at as usize >= inner.tokens.len();
    if is_at_end && (inner.is_end_reported || stream.hides_end || !stream.is_complete) {
        return true;
    }
    if is_of_known_macro(inner, at as usize) {
        return true;
    }
    // A bad token spoils the statement that it is in.
    let errors = &stream.lexical_errors;
    let after = errors.partition_point(|&index| index <= at + 1);
    let Some(&index) = after.checked_sub(1).and_then(|idx| errors.get(idx)) else {
        return false;
    };
    let between = inner.tokens.get(index as usize..at as usize).unwrap_or(&[]);
    between.iter().filter(|token| token.kind == TokenKind::Semi).count() == 0 && between.len() < 64
}

/// Whether a token is in the call of a macro that lacks its header, or right behind it: what is wrong is the macro.
fn is_of_known_macro(inner: &Inner<'_>, at: usize) -> bool {
    let from = at.saturating_sub(MACRO_TOKENS);
    let before = inner.tokens.get(from..at).unwrap_or(&[]);
    let is_known = |token: &&Token| {
        token.kind == TokenKind::Ident
            && known_macros::advice(inner.session.name(token.symbol)).is_some()
    };
    let Some(macro_at) = before.iter().rposition(|token| is_known(&token)) else {
        return false;
    };
    let mut depth = 0_usize;
    for (idx, token) in before.iter().enumerate().skip(macro_at + 1) {
        match token.kind {
            TokenKind::LParen => depth += 1,
            TokenKind::RParen if depth == 1 => return idx + 1 == before.len(),
            TokenKind::RParen => depth = depth.saturating_sub(1),
            _ if depth == 0 => return false,
            _ => {}
        }
    }
    true
}

fn found(inner: &Inner<'_>, at: u32) -> String {
    match inner.tokens.get(at as usize) {
        None => "the end of the file".to_owned(),
        Some(token) if token.kind == TokenKind::Deferred => token.kind.describe(),
        Some(token) => {
            let text = token.spelling(&inner.session.names);
            match text.chars().count() {
                0..=40 => format!("`{text}`"),
                _ => token.kind.describe(),
            }
        }
    }
}

/// The place behind the token in front of `at`, where a missing token belongs.
fn place_behind(inner: &Inner<'_>, at: u32) -> Span {
    match at.checked_sub(1) {
        Some(previous) => inner.tokens[previous as usize].span.end(),
        None => inner.tokens.first().map_or(inner.stream.end, |token| token.span.start()),
    }
}

fn missing_token(
    inner: &mut Inner<'_>,
    failure: &Failure,
    kind: TokenKind,
    at: u32,
    levels: &[Level],
) -> Diagnostic {
    let text = kind.text().unwrap_or_default();
    let place = place_behind(inner, at);
    let next = inner.tokens.get(at as usize);
    let is_next_in_new_line = next.is_none_or(|token| token.flags.contains(TokenFlags::LINE_START));
    let message = match kind {
        TokenKind::Semi => match after_what(inner, failure, at) {
            Some(what) => format!("expected `;` after {what}"),
            None => format!("expected `;` before {}", found(inner, at)),
        },
        _ => format!("expected `{text}` before {}", found(inner, at)),
    };
    let mut report = error(place, message);
    let opener = match kind {
        TokenKind::RParen => Some(TokenKind::LParen),
        TokenKind::RBracket => Some(TokenKind::LBracket),
        _ => None,
    };
    if let Some(level) = levels.last()
        && opener.is_some()
        && level.open == opener
    {
        let open = inner.tokens[level.at as usize];
        let label = format!("to close this {}", open.kind.describe());
        report = report.with_secondary(open.span, label);
    }
    let is_sure = match kind {
        TokenKind::Semi => {
            is_next_in_new_line || next.is_some_and(|token| token.kind == TokenKind::RBrace)
        }
        TokenKind::RParen => {
            next.is_some_and(|token| matches!(token.kind, TokenKind::Semi | TokenKind::LBrace))
        }
        TokenKind::RBracket => true,
        _ => false,
    };
    if is_sure && place.expn == ExpnId::ROOT {
        let edit = Edit { span: place, replacement: text.to_owned() };
        report = report.with_edit(format!("add `{text}`"), vec![edit]);
    }
    report
}

/// A call or condition that ends neither with `)` nor with `;`.
fn close_call(inner: &mut Inner<'_>, failure: &Failure, levels: &[Level]) -> Diagnostic {
    let place = place_behind(inner, failure.at);
    let report = missing_token(inner, failure, TokenKind::RParen, failure.at, levels);
    let next = inner.tokens.get(failure.at as usize);
    let is_sure = next.is_none_or(|token| {
        token.flags.contains(TokenFlags::LINE_START) || token.kind == TokenKind::RBrace
    });
    if !is_sure || place.expn != ExpnId::ROOT {
        return report;
    }
    let edit = Edit { span: place, replacement: ");".to_owned() };
    report.with_edit("add `);`", vec![edit])
}

/// What a missing semicolon would end.
fn after_what(inner: &Inner<'_>, failure: &Failure, at: u32) -> Option<String> {
    let previous = inner.tokens.get(at.checked_sub(1)? as usize)?;
    Some(match previous.kind {
        TokenKind::RBrace if failure.expects("*") || at != failure.at => {
            "the definition of a type".to_owned()
        }
        TokenKind::RBrace => "`}`".to_owned(),
        TokenKind::KwBreak | TokenKind::KwContinue | TokenKind::KwReturn => {
            previous.kind.describe()
        }
        _ if failure.expects("__attribute__") && failure.expects("=") => "declaration".to_owned(),
        _ if failure.expects("?") || failure.expects("+") => "expression".to_owned(),
        _ => return None,
    })
}

fn missing_expression(inner: &Inner<'_>, at: u32) -> Diagnostic {
    let found = found(inner, at);
    let span = match inner.tokens.get(at as usize) {
        Some(token) => token.span,
        None => place_behind(inner, at),
    };
    error(span, format!("expected an expression before {found}"))
}

fn missing_type(inner: &Inner<'_>, at: u32) -> Diagnostic {
    let token = inner.tokens[at as usize];
    let name = inner.session.name(token.symbol);
    let report = error(token.span, format!("expected a type in front of `{name}`"));
    if let Some(advice) = known_macros::advice(name) {
        return report.with_help(advice);
    }
    report.with_note("C11 has no implicit `int`").with_help(format!(
        "declare it as in `int {name}(…)`, or include the header that defines `{name}`"
    ))
}

fn unexpected(inner: &Inner<'_>, failure: &Failure) -> Diagnostic {
    let at = failure.at;
    let found = found(inner, at);
    let Some(token) = inner.tokens.get(at as usize) else {
        return error(place_behind(inner, at), format!("unexpected {found}"));
    };
    if token.kind == TokenKind::KwElse {
        return error(token.span, "`else` without `if`".to_owned());
    }
    let report = error(token.span, format!("unexpected {found}"));
    let mut expected: Vec<String> = failure
        .expected
        .iter()
        .filter_map(|terminal| match terminal.as_str() {
            "NAME" => Some("a name".to_owned()),
            "STRING" => Some("a string".to_owned()),
            "ERROR_EXPR" => Some("an expression".to_owned()),
            "NUMBER" | "CHAR" | "ERROR_ITEM" | "TYPE" | "VAR" | "UNKNOWN" => None,
            terminal => Some(format!("`{}`", terminal.trim_matches('"'))),
        })
        .collect();
    expected.sort();
    match expected.as_slice() {
        [] => report,
        [one] => report.with_label(format!("expected {one}")),
        [most @ .., last] if most.len() <= 3 => {
            report.with_label(format!("expected {} or {last}", most.join(", ")))
        }
        _ if failure.expects("ERROR_EXPR") => report.with_label("expected an expression"),
        _ => report,
    }
}

/// Adds a hint if the word in front of the error is almost a keyword.
fn misspelled_keyword(inner: &Inner<'_>, at: u32, report: Diagnostic) -> Diagnostic {
    let words = [at.checked_sub(1), Some(at)].into_iter().flatten();
    for at in words {
        let Some(token) = inner.tokens.get(at as usize) else {
            continue;
        };
        if token.kind != TokenKind::Ident || inner.scopes.is_declared(token.symbol) {
            continue;
        }
        let name = inner.session.name(token.symbol);
        if name.len() < 3 {
            continue;
        }
        if let Some(keyword) = similar::most_similar(name, STATEMENT_KEYWORDS) {
            return report.with_help(format!("did you mean `{keyword}` instead of `{name}`?"));
        }
    }
    report
}
