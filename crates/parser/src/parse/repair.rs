//! Which change of the tokens makes a syntax error go away.

use super::messages;
use super::recover::{Failure, insert_repair, run};
use super::source::Repair;
use super::state::{Inner, ParseState};
use crate::token::{TokenFlags, TokenKind};

/// Tokens that a trial parse reads past the error.
const LOOKAHEAD: u32 = 12;
/// Tokens past the error that a repair must make parse.
const MIN_PROGRESS: u32 = 2;
/// Items longer than this are not parsed on trial.
const MAX_TRIAL_TOKENS: u32 = 20_000;

/// A change and what it says about the mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fix {
    /// A token is missing in front of token `at`.
    Insert { kind: TokenKind, at: u32 },
    /// `)` and `;` are missing.
    CloseCall,
    /// An expression is missing.
    InsertExpression,
    /// `int` is missing.
    InsertType,
    /// The token does not belong here.
    Drop,
    /// The comma in front does not belong there.
    DropComma,
    /// Tokens from one index to another cannot be understood.
    Skip { from: u32, to: u32 },
}

impl Fix {
    fn repair(self, at: u32) -> Repair {
        let insert = |at, first, second| Repair { at, insert: [first, second], n_dropped: 0 };
        match self {
            Fix::Insert { kind, at } => insert(at, Some(kind), None),
            Fix::CloseCall => insert(at, Some(TokenKind::RParen), Some(TokenKind::Semi)),
            Fix::InsertExpression => insert(at, Some(TokenKind::ErrorExpr), None),
            Fix::InsertType => insert(at, Some(TokenKind::KwInt), None),
            Fix::Drop => Repair { at, insert: [None; 2], n_dropped: 1 },
            Fix::DropComma => Repair { at: at - 1, insert: [None; 2], n_dropped: 1 },
            Fix::Skip { from, to } => Repair {
                at: from,
                insert: [Some(TokenKind::ErrorItem), None],
                n_dropped: to - from,
            },
        }
    }
}

/// Chooses the repair for `failure`, which is in the item that `finished` is in front
/// of, and reports it. Leaves the state as it was before that item.
pub(super) fn choose(
    state: &ParseState<'_>,
    failure: &Failure,
    repairs: &[Repair],
    is_hopeless: bool,
) -> Repair {
    state.inner().roll_back_item();
    let start = state.inner().finished;
    let levels = levels(&state.inner(), repairs, start, failure.at);
    let regions = regions(&state.inner(), &levels, failure.at);
    let is_short = failure.at - start <= MAX_TRIAL_TOKENS;
    let mut fix = None;
    if is_short && !is_hopeless {
        let trial = Trial { state, repairs, start };
        let candidates = candidates(&state.inner(), failure, &levels, start);
        fix = trial.best(&candidates, failure.at);
        fix = fix.or_else(|| trial.skip(&regions));
    }
    let fix = fix.unwrap_or_else(|| {
        // All of it: this always parses.
        let to = regions.last().map_or(failure.at + 1, |region| region.1);
        let to = to.max(start + 1).min(state.inner().tokens.len() as u32);
        Fix::Skip { from: start, to }
    });
    if !is_hopeless {
        messages::report(&mut state.inner(), failure, fix, &levels);
    }
    fix.repair(failure.at)
}

struct Trial<'a, 's> {
    state: &'a ParseState<'s>,
    repairs: &'a [Repair],
    start: u32,
}

impl Trial<'_, '_> {
    /// The index of the next error with `repair`; `u32::MAX` if there is none up to `limit`.
    fn score(&self, repair: Repair, limit: u32) -> u32 {
        let mut repairs = self.repairs.to_vec();
        insert_repair(&mut repairs, repair);
        self.state.inner().begin_trial();
        let result = run(self.state, self.start, &repairs, limit);
        self.state.inner().end_trial();
        match result {
            Err(failure) if failure.at < limit => failure.at,
            _ => u32::MAX,
        }
    }

    /// The fix that gets furthest; the first of several.
    fn best(&self, candidates: &[Fix], at: u32) -> Option<Fix> {
        let limit = at + LOOKAHEAD;
        let mut best: Option<(u32, Fix)> = None;
        for &fix in candidates {
            let score = self.score(fix.repair(at), limit);
            if score >= at + MIN_PROGRESS && best.is_none_or(|(most, _)| score > most) {
                best = Some((score, fix));
            }
            if score == u32::MAX {
                break;
            }
        }
        best.map(|(_, fix)| fix)
    }

    /// The smallest region that can be left out.
    fn skip(&self, regions: &[(u32, u32)]) -> Option<Fix> {
        let fixes = regions.iter().map(|&(from, to)| (Fix::Skip { from, to }, to));
        fixes
            .filter(|(fix, to)| self.score(fix.repair(*to), to + LOOKAHEAD) > *to)
            .map(|(fix, _)| fix)
            .next()
    }
}

/// The fixes worth trying, the most likely first.
fn candidates(inner: &Inner<'_>, failure: &Failure, levels: &[Level], start: u32) -> Vec<Fix> {
    let at = failure.at;
    let mut fixes = Vec::new();
    let token = inner.tokens.get(at as usize);
    let previous = (at > 0).then(|| inner.tokens[at as usize - 1].kind);
    let mut insert = |kind: TokenKind, terminal: &str| {
        if failure.expects(terminal) {
            fixes.push(Fix::Insert { kind, at });
        }
    };
    match levels.last().map(|level| level.open) {
        Some(Some(TokenKind::LParen)) => {
            insert(TokenKind::RParen, ")");
            insert(TokenKind::Comma, ",");
            insert(TokenKind::Semi, ";");
        }
        Some(Some(TokenKind::LBracket)) => insert(TokenKind::RBracket, "]"),
        _ => {
            insert(TokenKind::Semi, ";");
            insert(TokenKind::Comma, ",");
        }
    }
    insert(TokenKind::Colon, ":");
    if failure.expected.len() == 1 {
        insert(TokenKind::LParen, "(");
    }
    if let Some(level) = levels.last()
        && let Some(kind) = level.open.and_then(closer)
        && at > level.at + 2
    {
        // `a[3 = {…}`: the parser took `3 = …` for an expression.
        fixes.push(Fix::Insert { kind, at: at - 1 });
    }
    if let Some(definition) = missing_semi_after_brace(inner, at, start) {
        let kind = TokenKind::Semi;
        let at = definition;
        fixes.insert(0, Fix::Insert { kind, at });
    }
    if failure.expects(")") {
        fixes.push(Fix::CloseCall);
    }
    if previous == Some(TokenKind::Comma) && at > start {
        fixes.push(Fix::DropComma);
    }
    if failure.expects("ERROR_EXPR") {
        fixes.push(Fix::InsertExpression);
    }
    let is_call_like = inner.tokens.get(at as usize + 1).map(|t| t.kind) == Some(TokenKind::LParen);
    let is_item_start = matches!(levels, [file] if file.statement == at);
    if is_item_start && is_call_like && token.map(|t| t.kind) == Some(TokenKind::Ident) {
        fixes.push(Fix::InsertType);
    }
    if token.is_some() {
        fixes.push(Fix::Drop);
    }
    fixes
}

/// What closes a parenthesis or bracket.
fn closer(open: TokenKind) -> Option<TokenKind> {
    match open {
        TokenKind::LParen => Some(TokenKind::RParen),
        TokenKind::LBracket => Some(TokenKind::RBracket),
        _ => None,
    }
}

/// `struct s { … }` and, in the next line, something else: the index of that line. The
/// parser stumbles only over the second word of it, as in `static int`.
fn missing_semi_after_brace(inner: &Inner<'_>, at: u32, start: u32) -> Option<u32> {
    let mut line = at;
    while line > start && line + 4 > at {
        let token = inner.tokens.get(line as usize);
        if token.is_none_or(|token| token.flags.contains(TokenFlags::LINE_START)) {
            let previous = inner.tokens[line as usize - 1].kind;
            return (previous == TokenKind::RBrace).then_some(line);
        }
        line -= 1;
    }
    None
}

/// An open bracket at the failure, or the file level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// The bracket; `None` for the file level.
    pub open: Option<TokenKind>,
    /// Its index.
    pub at: u32,
    /// Where the last statement or declaration in it begins.
    statement: u32,
}

/// The brackets open at token `at` of the item that begins at `start`, outermost first.
fn levels(inner: &Inner<'_>, repairs: &[Repair], start: u32, at: u32) -> Vec<Level> {
    let mut levels = vec![Level { open: None, at: start, statement: start }];
    let first = repairs.partition_point(|repair| repair.at < start);
    let mut repairs = repairs[first..].iter().peekable();
    let mut idx = start;
    while idx < at {
        while let Some(repair) = repairs.next_if(|repair| repair.at <= idx) {
            for kind in repair.insert.into_iter().flatten() {
                track(inner, &mut levels, kind, repair.at, repair.at);
            }
            idx = idx.max(repair.end());
        }
        if let Some(token) = inner.tokens.get(idx as usize)
            && idx < at
        {
            track(inner, &mut levels, token.kind, idx, idx + 1);
        }
        idx += 1;
    }
    levels
}

/// Takes token `idx` into account; the next one is `next`.
fn track(inner: &Inner<'_>, levels: &mut Vec<Level>, kind: TokenKind, idx: u32, next: u32) {
    match kind {
        TokenKind::LBrace | TokenKind::LParen | TokenKind::LBracket => {
            levels.push(Level { open: Some(kind), at: idx, statement: next })
        }
        TokenKind::RBrace => {
            let is_brace = |level: &Level| level.open == Some(TokenKind::LBrace);
            if levels.iter().any(is_brace) {
                while levels.pop().is_some_and(|level| !is_brace(&level)) {}
            }
            if ends_statement(inner, idx) {
                set_statement(levels, next);
            }
        }
        TokenKind::RParen => pop_if(levels, TokenKind::LParen),
        TokenKind::RBracket => pop_if(levels, TokenKind::LBracket),
        TokenKind::Semi => set_statement(levels, next),
        _ => {}
    }
}

fn pop_if(levels: &mut Vec<Level>, open: TokenKind) {
    if levels.last().is_some_and(|level| level.open == Some(open)) {
        levels.pop();
    }
}

fn set_statement(levels: &mut [Level], at: u32) {
    if let Some(level) = levels.last_mut()
        && !matches!(level.open, Some(TokenKind::LParen | TokenKind::LBracket))
    {
        level.statement = at;
    }
}

/// True if the `}` at `at` ends a statement or definition.
fn ends_statement(inner: &Inner<'_>, at: u32) -> bool {
    let Some(next) = inner.tokens.get(at as usize + 1) else {
        return true;
    };
    let is_new_line = next.flags.contains(TokenFlags::LINE_START);
    match next.kind {
        TokenKind::KwElse
        | TokenKind::KwWhile
        | TokenKind::Semi
        | TokenKind::Comma
        | TokenKind::RParen
        | TokenKind::KwAttribute
        | TokenKind::Assign => false,
        TokenKind::Ident => is_new_line,
        _ => true,
    }
}

/// What could be left out, the smallest first: the statement around the failure in each
/// open block, and the whole item.
fn regions(inner: &Inner<'_>, levels: &[Level], at: u32) -> Vec<(u32, u32)> {
    let mut regions = Vec::new();
    let mut n_braces = 0;
    for level in levels.iter().rev() {
        match level.open {
            Some(TokenKind::LParen | TokenKind::LBracket) => continue,
            Some(_) => {
                let to = end_of_statement(inner, at, n_braces, false);
                regions.push((level.statement.min(at), to));
                n_braces += 1;
            }
            None => {
                let to = end_of_statement(inner, at, n_braces, true);
                regions.push((level.statement.min(at), to));
            }
        }
    }
    regions
}

/// The end of the statement that token `at` is in, `depth` blocks deep.
fn end_of_statement(inner: &Inner<'_>, at: u32, mut depth: u32, is_file_level: bool) -> u32 {
    for idx in at..inner.tokens.len() as u32 {
        match inner.tokens[idx as usize].kind {
            TokenKind::Semi if depth == 0 => return idx + 1,
            TokenKind::LBrace => depth += 1,
            TokenKind::RBrace if depth == 0 => return if is_file_level { idx + 1 } else { idx },
            TokenKind::RBrace => {
                depth -= 1;
                if depth == 0 && ends_statement(inner, idx) {
                    return idx + 1;
                }
            }
            _ => {}
        }
    }
    inner.tokens.len() as u32
}
