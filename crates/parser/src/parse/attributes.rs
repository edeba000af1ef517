//! C23 6.7.12: `[[…]]`. No other C has two `[` in a row, so that the brackets are told
//! from those of arrays before the parse.

use crate::token::{Token, TokenKind};

/// Marks the brackets of attributes as such, and hides the prefixes of their names: the
/// attributes of `gnu` and `clang` are those of `__attribute__`.
pub(super) fn mark(tokens: &mut [Token]) {
    let mut at = 0;
    while at + 1 < tokens.len() {
        if tokens[at].kind == TokenKind::LBracket
            && tokens[at + 1].kind == TokenKind::LBracket
            && let Some(end) = end_of(tokens, at)
        {
            tokens[at].kind = TokenKind::AttributeOpen;
            tokens[at + 1].kind = TokenKind::Skipped;
            tokens[end].kind = TokenKind::AttributeClose;
            tokens[end + 1].kind = TokenKind::Skipped;
            hide_prefixes(&mut tokens[at + 2..end]);
            at = end + 1;
        }
        at += 1;
    }
}

/// The first `]` of the `]]` that closes the attributes at `at`.
fn end_of(tokens: &[Token], at: usize) -> Option<usize> {
    let mut depth = 0_u32;
    for (idx, pair) in tokens.windows(2).enumerate().skip(at + 2) {
        match pair[0].kind {
            TokenKind::LParen | TokenKind::LBracket => depth += 1,
            TokenKind::RBracket if depth == 0 => {
                return (pair[1].kind == TokenKind::RBracket).then_some(idx);
            }
            TokenKind::RParen | TokenKind::RBracket => depth = depth.checked_sub(1)?,
            TokenKind::Semi | TokenKind::LBrace | TokenKind::RBrace => return None,
            _ => {}
        }
    }
    None
}

fn hide_prefixes(tokens: &mut [Token]) {
    for at in 0..tokens.len().saturating_sub(2) {
        if let [name, first, second] = &mut tokens[at..at + 3]
            && name.kind == TokenKind::Ident
            && first.kind == TokenKind::Colon
            && second.kind == TokenKind::Colon
        {
            for token in [name, first, second] {
                token.kind = TokenKind::Skipped;
            }
        }
    }
}
