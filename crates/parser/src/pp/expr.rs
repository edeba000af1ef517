//! C11 6.10.1p4: the value of the expression behind `#if`.

use super::Preprocessor;
use crate::literal::{self, Number};
use crate::token::{Token, TokenKind};
use bpfc_base::{Diagnostic, Interner, Span, codes};

/// Parentheses and prefix operators that may stand in one another.
const MAX_DEPTH: usize = 256;

/// All arithmetic is done in `intmax_t` or `uintmax_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value {
    bits: u64,
    is_unsigned: bool,
}

impl Value {
    fn signed(value: i64) -> Self {
        Value { bits: value as u64, is_unsigned: false }
    }

    fn bool(value: bool) -> Self {
        Value::signed(i64::from(value))
    }
}

struct Mistake {
    span: Span,
    message: String,
}

/// An expression that is being read. `is_live` is false in operands that are not
/// evaluated, where a division by zero is no error.
struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    names: &'a Interner,
    end: Span,
    /// Names that are no macros, in operands that are evaluated.
    undefined: Vec<Token>,
}

impl Preprocessor<'_> {
    /// The truth of the condition `tokens` of the directive at `span`. A wrong one is
    /// reported and false.
    pub(super) fn condition(&mut self, span: Span, tokens: &[Token]) -> bool {
        self.is_in_condition = true;
        let expanded = self.expand_list(tokens);
        self.is_in_condition = false;
        if self.is_stopped {
            return false;
        }
        let mut reader = Reader {
            tokens: &expanded,
            at: 0,
            depth: 0,
            names: &self.session.names,
            end: tokens.last().map_or(span, |token| token.span).end(),
            undefined: Vec::new(),
        };
        let result = match expanded.is_empty() {
            true => Err(Mistake { span, message: "condition without an expression".to_owned() }),
            false => reader.whole(),
        };
        let undefined = reader.undefined;
        for token in undefined {
            let text = self.session.name(token.symbol);
            let message = format!("`{text}` is not defined, and counts as 0");
            self.session.report(Diagnostic::new(codes::lex::W0104, token.span, message));
        }
        match result {
            Ok(value) => value.bits != 0,
            Err(mistake) => {
                self.session.report(Diagnostic::new(
                    codes::lex::E0108,
                    mistake.span,
                    mistake.message,
                ));
                false
            }
        }
    }
}

impl Reader<'_> {
    fn kind(&self) -> Option<TokenKind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn span(&self) -> Span {
        self.tokens.get(self.at).map_or(self.end, |token| token.span)
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, Mistake> {
        Err(Mistake { span: self.span(), message: message.into() })
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let is_next = self.kind() == Some(kind);
        self.at += usize::from(is_next);
        is_next
    }

    fn whole(&mut self) -> Result<Value, Mistake> {
        let value = self.comma(true)?;
        match self.kind() {
            None => Ok(value),
            Some(_) => {
                let text = self.tokens[self.at].spelling(self.names);
                self.fail(format!("expected an operator before `{text}`"))
            }
        }
    }

    fn comma(&mut self, is_live: bool) -> Result<Value, Mistake> {
        let mut value = self.conditional(is_live)?;
        while self.eat(TokenKind::Comma) {
            value = self.conditional(is_live)?;
        }
        Ok(value)
    }

    // C11 6.5.15.
    fn conditional(&mut self, is_live: bool) -> Result<Value, Mistake> {
        let cond = self.binary(0, is_live)?;
        if self.kind() != Some(TokenKind::Question) {
            return Ok(cond);
        }
        self.deeper()?;
        self.at += 1;
        let is_true = cond.bits != 0;
        let then = self.comma(is_live && is_true)?;
        if !self.eat(TokenKind::Colon) {
            return self.fail("expected `:`");
        }
        let other = self.conditional(is_live && !is_true)?;
        self.depth -= 1;
        Ok(Value {
            bits: if is_true { then.bits } else { other.bits },
            is_unsigned: then.is_unsigned || other.is_unsigned,
        })
    }

    /// Binary operators that bind at least as tightly as `least`.
    fn binary(&mut self, least: u8, is_live: bool) -> Result<Value, Mistake> {
        let mut left = self.unary(is_live)?;
        while let Some(op) = self.kind() {
            let Some(precedence) = precedence(op).filter(|&p| p >= least) else {
                break;
            };
            let op_span = self.span();
            self.at += 1;
            let is_right_live = match op {
                TokenKind::AndAnd => is_live && left.bits != 0,
                TokenKind::OrOr => is_live && left.bits == 0,
                _ => is_live,
            };
            let right = self.binary(precedence + 1, is_right_live)?;
            left = match apply(op, left, right) {
                Some(value) => value,
                None if !is_live => left,
                None => {
                    return Err(Mistake {
                        span: op_span,
                        message: "division by zero in a condition".to_owned(),
                    });
                }
            };
        }
        Ok(left)
    }

    fn deeper(&mut self) -> Result<(), Mistake> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => self.fail("the condition is nested too deeply"),
            false => Ok(()),
        }
    }

    fn unary(&mut self, is_live: bool) -> Result<Value, Mistake> {
        let Some(&token) = self.tokens.get(self.at) else {
            return self.fail("expected an operand at the end of the condition");
        };
        self.at += 1;
        let operators = [TokenKind::Plus, TokenKind::Minus, TokenKind::Tilde, TokenKind::Bang];
        if operators.contains(&token.kind) {
            self.deeper()?;
            let value = self.unary(is_live)?;
            self.depth -= 1;
            return Ok(match token.kind {
                TokenKind::Minus => Value { bits: value.bits.wrapping_neg(), ..value },
                TokenKind::Tilde => Value { bits: !value.bits, ..value },
                TokenKind::Bang => Value::bool(value.bits == 0),
                _ => value,
            });
        }
        if token.kind == TokenKind::LParen {
            self.deeper()?;
            let value = self.comma(is_live)?;
            self.depth -= 1;
            return match self.eat(TokenKind::RParen) {
                true => Ok(value),
                false => self.fail("expected `)` in the condition"),
            };
        }
        self.operand(token, is_live)
    }

    fn operand(&mut self, token: Token, is_live: bool) -> Result<Value, Mistake> {
        let text = token.spelling(self.names);
        let mistake = |message: String| Err(Mistake { span: token.span, message });
        match token.kind {
            TokenKind::Number => match literal::number(text) {
                Ok(Number::Int(int)) => Ok(Value {
                    bits: int.value,
                    is_unsigned: int.is_unsigned || int.value > i64::MAX as u64,
                }),
                Ok(Number::Float(_)) => {
                    mistake(format!("floating constant `{text}` in a condition"))
                }
                Err(error) => mistake(error.message),
            },
            TokenKind::Char => match literal::char_constant(text) {
                Ok((value, _)) => Ok(Value::signed(value)),
                Err(error) => mistake(error.message),
            },
            // C11 6.10.1p4: remaining identifiers are 0.
            TokenKind::Ident if self.kind() != Some(TokenKind::LParen) => {
                if is_live && !["true", "false"].contains(&text) {
                    self.undefined.push(token);
                }
                Ok(Value::signed(0))
            }
            TokenKind::Ident => mistake(format!("function-like macro `{text}` is not defined")),
            _ => mistake(format!("`{text}` cannot be part of a condition")),
        }
    }
}

fn precedence(op: TokenKind) -> Option<u8> {
    Some(match op {
        TokenKind::OrOr => 1,
        TokenKind::AndAnd => 2,
        TokenKind::Pipe => 3,
        TokenKind::Caret => 4,
        TokenKind::Amp => 5,
        TokenKind::EqEq | TokenKind::NotEq => 6,
        TokenKind::Less | TokenKind::Greater | TokenKind::LessEq | TokenKind::GreaterEq => 7,
        TokenKind::Shl | TokenKind::Shr => 8,
        TokenKind::Plus | TokenKind::Minus => 9,
        TokenKind::Star | TokenKind::Slash | TokenKind::Percent => 10,
        _ => return None,
    })
}

/// `left op right`; `None` for a division by zero.
fn apply(op: TokenKind, left: Value, right: Value) -> Option<Value> {
    let is_unsigned = left.is_unsigned || right.is_unsigned;
    let (l, r) = (left.bits, right.bits);
    let (sl, sr) = (l as i64, r as i64);
    let less = match is_unsigned {
        true => l < r,
        false => sl < sr,
    };
    let bits = match op {
        TokenKind::OrOr => return Some(Value::bool(l != 0 || r != 0)),
        TokenKind::AndAnd => return Some(Value::bool(l != 0 && r != 0)),
        TokenKind::EqEq => return Some(Value::bool(l == r)),
        TokenKind::NotEq => return Some(Value::bool(l != r)),
        TokenKind::Less => return Some(Value::bool(less)),
        TokenKind::GreaterEq => return Some(Value::bool(!less)),
        TokenKind::Greater => return Some(Value::bool(!less && l != r)),
        TokenKind::LessEq => return Some(Value::bool(less || l == r)),
        TokenKind::Shl | TokenKind::Shr => return Some(shift(op, left, right)),
        TokenKind::Pipe => l | r,
        TokenKind::Caret => l ^ r,
        TokenKind::Amp => l & r,
        TokenKind::Plus => l.wrapping_add(r),
        TokenKind::Minus => l.wrapping_sub(r),
        TokenKind::Star => l.wrapping_mul(r),
        TokenKind::Slash if is_unsigned => l.checked_div(r)?,
        TokenKind::Percent if is_unsigned => l.checked_rem(r)?,
        _ if r == 0 => return None,
        TokenKind::Slash => sl.wrapping_div(sr) as u64,
        _ => sl.wrapping_rem(sr) as u64,
    };
    Some(Value { bits, is_unsigned })
}

/// A shift has the type of its left operand; a negative count shifts the other way.
fn shift(op: TokenKind, left: Value, right: Value) -> Value {
    let is_negative = !right.is_unsigned && (right.bits as i64) < 0;
    let is_left = (op == TokenKind::Shl) != is_negative;
    let count = match is_negative {
        true => right.bits.wrapping_neg(),
        false => right.bits,
    };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let bits = match (is_left, left.is_unsigned) {
        (true, _) => left.bits.checked_shl(count).unwrap_or(0),
        (false, true) => left.bits.checked_shr(count).unwrap_or(0),
        (false, false) => ((left.bits as i64) >> count.min(63)) as u64,
    };
    Value { bits, ..left }
}
