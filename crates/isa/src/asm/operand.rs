//! The parts of instructions: registers, numbers, addresses, targets.

use std::fmt::Display;

use super::lex::{Kind, Token};
use super::parse::{Parsed, Parser, Reference};
use super::{AsmError, AsmProblem};
use crate::{LoadType, Reg, Size, Src, Width};

/// A register as it is written: `r1` or `w1`.
#[derive(Clone, Copy)]
pub struct View {
    pub width: Width,
    pub reg: Reg,
    column: u32,
}

/// A number as it is written, not yet fitted into a field.
#[derive(Clone, Copy)]
pub struct Literal {
    number: i128,
    column: u32,
}

/// Binary operators, those that bind loosest first.
const LEVELS: [&[&str]; 6] = [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*", "/"]];

/// Levels of parentheses and signs in an expression.
const MAX_NESTING: u32 = 32;

/// Registers.
impl Parser<'_, '_> {
    pub fn register(&mut self) -> Parsed<View> {
        self.eat_register().ok_or_else(|| self.expected("a register"))
    }

    pub fn eat_register(&mut self) -> Option<View> {
        let Token { text, column, .. } = self.peek();
        let (width, number) = match text.split_at_checked(1)? {
            ("r" | "R", number) => (Width::W64, number),
            ("w" | "W", number) => (Width::W32, number),
            _ => return None,
        };
        if number.len() > 1 && number.starts_with('0') {
            return None;
        }
        let reg = Reg::new(number.parse().ok()?)?;
        self.bump();
        Some(View { width, reg, column })
    }

    /// A register of this width; nothing if the next token is no register.
    pub fn eat_register_in(&mut self, width: Width) -> Parsed<Option<Reg>> {
        let view = self.eat_register();
        view.map(|view| self.in_width(view, width)).transpose()
    }

    /// The register that a memory access of `size` reads or fills. Narrow accesses may name the whole
    /// register, as LLVM did before version 20 and as the kernel does.
    pub fn register_part(&mut self, size: Size) -> Parsed<Reg> {
        let view = self.register()?;
        self.part(view, size)
    }

    pub fn part(&self, view: View, size: Size) -> Parsed<Reg> {
        if size == Size::DW { self.in_width(view, Width::W64) } else { Ok(view.reg) }
    }

    pub fn in_width(&self, view: View, width: Width) -> Parsed<Reg> {
        if view.width == width {
            return Ok(view.reg);
        }
        let bits = width.bits();
        Err(self.expected_at(view.column, format_args!("a {bits}-bit register")))
    }

    /// Fails unless `view` is of the register `reg`.
    pub fn require(&self, view: View, reg: Reg) -> Parsed<()> {
        if view.reg == reg {
            return Ok(());
        }
        let prefix = if view.width == Width::W64 { 'r' } else { 'w' };
        Err(self.expected_at(view.column, format_args!("`{prefix}{}`", reg.number())))
    }

    /// The same register again.
    pub fn again(&mut self, first: View) -> Parsed<Reg> {
        let view = self.register()?;
        self.in_width(view, first.width)?;
        self.require(view, first.reg)?;
        Ok(first.reg)
    }
}

/// Numbers.
impl Parser<'_, '_> {
    /// A number, or an expression of numbers with the operators and precedences of C.
    pub fn number(&mut self) -> Parsed<Literal> {
        let column = self.peek().column;
        let number = self.binary(0, MAX_NESTING)?;
        Ok(Literal { number, column })
    }

    fn binary(&mut self, level: usize, depth: u32) -> Parsed<i128> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary(depth);
        };
        let mut left = self.binary(level + 1, depth)?;
        while let Token { kind: Kind::Punctuation, text, column } = self.peek()
            && operators.contains(&text)
        {
            self.bump();
            let right = self.binary(level + 1, depth)?;
            left = self.compute(left, text, right, column)?;
        }
        Ok(left)
    }

    fn compute(&self, left: i128, operator: &str, right: i128, column: u32) -> Parsed<i128> {
        // Far from the limits of `i128`: results are kept within 64 bits.
        let shift = || u32::try_from(right).ok().filter(|&n| n < 64);
        let result = match operator {
            "+" => Some(left + right),
            "-" => Some(left - right),
            "*" => left.checked_mul(right),
            "/" => left.checked_div(right),
            "<<" => shift().and_then(|n| left.checked_mul(1 << n)),
            ">>" => shift().map(|n| left >> n),
            "&" => Some(left & right),
            "^" => Some(left ^ right),
            _ => Some(left | right),
        };
        let is_small = |&n: &i128| n >= i128::from(i64::MIN) && n <= i128::from(u64::MAX);
        result.filter(is_small).ok_or_else(|| self.expected_at(column, "a number of 64 bits"))
    }

    fn unary(&mut self, depth: u32) -> Parsed<i128> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.expected("a simpler expression"));
        };
        let Token { kind, text, .. } = self.peek();
        match (kind, text) {
            (Kind::Number(number), _) => {
                self.bump();
                Ok(i128::from(number))
            }
            (_, "-" | "+" | "~") => {
                self.bump();
                let number = self.unary(depth)?;
                Ok(match text {
                    "-" => -number,
                    "+" => number,
                    _ => !number,
                })
            }
            (_, "(") => {
                self.bump();
                let number = self.binary(0, depth)?;
                self.expect(")")?;
                Ok(number)
            }
            _ => Err(self.expected("a number")),
        }
    }

    pub fn fit<T: TryFrom<i128>>(&self, literal: Literal, field: &'static str) -> Parsed<T> {
        let Literal { number, column } = literal;
        let problem = AsmProblem::Range { number, field };
        T::try_from(number).map_err(|_| AsmError { line: self.line, column, problem })
    }

    /// An immediate of an operation of this width. A 32-bit operation makes no difference between
    /// `-1` and `0xffffffff`; for a 64-bit operation the latter has no encoding, but LLVM takes it for
    /// the former in inline assembly.
    pub fn fit_immediate(&self, literal: Literal, width: Width) -> Parsed<i32> {
        let wraps = width == Width::W32 || self.is_lenient;
        match (u32::try_from(literal.number), u64::try_from(literal.number)) {
            (Ok(number), _) if wraps => Ok(number as i32),
            (_, Ok(number)) if self.is_lenient && i32::try_from(number as i64).is_ok() => {
                Ok(number as i32)
            }
            _ => self.fit(literal, "a signed 32-bit immediate"),
        }
    }

    pub fn immediate(&mut self, width: Width) -> Parsed<i32> {
        let literal = self.number()?;
        self.fit_immediate(literal, width)
    }

    /// The bits of a number in a directive that holds `n_bytes`, signed or not.
    pub fn data(&self, literal: Literal, n_bytes: usize) -> Parsed<u64> {
        let bits = n_bytes as u32 * 8;
        let fits = literal.number >= -(1 << (bits - 1)) && literal.number < 1 << bits;
        match fits {
            true => Ok(literal.number as u64),
            false => {
                let problem = AsmProblem::Range { number: literal.number, field: "the directive" };
                Err(AsmError { line: self.line, column: literal.column, problem })
            }
        }
    }

    pub fn i16(&mut self) -> Parsed<i16> {
        let literal = self.number()?;
        self.fit(literal, "a signed 16-bit offset")
    }

    pub fn i32(&mut self) -> Parsed<i32> {
        let literal = self.number()?;
        self.fit(literal, "a signed 32-bit number")
    }

    pub fn u32(&mut self) -> Parsed<u32> {
        let literal = self.number()?;
        self.fit(literal, "an unsigned 32-bit number")
    }
}

/// Everything else.
impl Parser<'_, '_> {
    /// A register or an immediate of an operation of this width.
    pub fn operand(&mut self, width: Width) -> Parsed<Src> {
        match self.eat_register_in(width)? {
            Some(reg) => Ok(Src::Reg(reg)),
            None if self.peek().is_word() => Err(self.expected("a register or a number")),
            None => Ok(Src::Imm(self.immediate(width)?)),
        }
    }

    /// One of `all`, by its spelling.
    pub fn operator<T: Copy>(
        &mut self,
        all: &[T],
        spelling: impl Fn(T) -> &'static str,
        what: &str,
    ) -> Parsed<T> {
        let text = self.peek().text;
        let operator = all.iter().copied().find(|&operator| spelling(operator) == text);
        let operator = operator.ok_or_else(|| self.expected(what))?;
        self.bump();
        Ok(operator)
    }

    /// `(u32 *)`
    pub fn load_type(&mut self) -> Parsed<LoadType> {
        self.expect("(")?;
        let text = self.peek().text;
        let ty = LoadType::ALL.into_iter().find(|ty| ty.symbol() == text);
        let ty = ty.ok_or_else(|| self.expected("a type such as `u32`"))?;
        self.bump();
        self.expect("*")?;
        self.expect(")")?;
        Ok(ty)
    }

    /// `(u32 *)` of an unsigned type.
    pub fn size(&mut self) -> Parsed<Size> {
        let column = self.peek_second().column;
        let ty = self.load_type()?;
        if ty.is_signed() {
            return Err(self.expected_at(column, "an unsigned type"));
        }
        Ok(ty.size())
    }

    /// `(u32 *)` or `(u64 *)`
    pub fn atomic_type(&mut self) -> Parsed<Width> {
        let column = self.peek_second().column;
        match self.load_type()? {
            LoadType::U32 => Ok(Width::W32),
            LoadType::U64 => Ok(Width::W64),
            _ => Err(self.expected_at(column, "`u32` or `u64`")),
        }
    }

    /// `(r1 + 8)`
    pub fn address(&mut self) -> Parsed<(Reg, i16)> {
        self.expect("(")?;
        let place = self.place()?;
        self.expect(")")?;
        Ok(place)
    }

    /// `r1 + 8`, `r1 - 8`, `r1`
    pub fn place(&mut self) -> Parsed<(Reg, i16)> {
        let base = self.register()?;
        let base = self.in_width(base, Width::W64)?;
        let off = if self.at_sign() { self.i16()? } else { 0 };
        Ok((base, off))
    }

    /// `+5`, `pc+5`, `name`. A name is kept for later, and the distance is 0 for now.
    pub fn target(&mut self) -> Parsed<Literal> {
        let Token { text, column, kind, .. } = self.peek();
        if text == "pc" && matches!(self.peek_second().text, "+" | "-") {
            self.bump();
        } else if kind == Kind::Word {
            self.name();
            return Ok(Literal { number: 0, column });
        }
        if !self.at_sign() {
            return Err(self.expected("a label or a distance with a sign"));
        }
        self.number()
    }

    pub fn near_target(&mut self) -> Parsed<i16> {
        let literal = self.target()?;
        self.fit(literal, "a signed 16-bit jump distance")
    }

    pub fn far_target(&mut self) -> Parsed<i32> {
        let literal = self.target()?;
        self.fit(literal, "a signed 32-bit jump distance")
    }

    /// Reads a name and keeps it for later.
    pub fn name(&mut self) {
        let Token { text: name, column, .. } = self.peek();
        self.bump();
        self.reference = Some(Reference { name, column, addend: 0 });
    }
}

/// Tokens.
impl<'a> Parser<'_, 'a> {
    pub fn peek(&self) -> Token<'a> {
        self.tokens[0]
    }

    /// The token after the next one, or the end.
    pub fn peek_second(&self) -> Token<'a> {
        self.tokens[self.tokens.len().min(2) - 1]
    }

    pub fn bump(&mut self) {
        if let [_, rest @ ..] = self.tokens
            && !rest.is_empty()
        {
            self.tokens = rest;
        }
    }

    pub fn at_sign(&self) -> bool {
        matches!(self.peek().text, "+" | "-")
    }

    pub fn eat(&mut self, text: &str) -> bool {
        let found = self.peek().text == text;
        if found {
            self.bump();
        }
        found
    }

    pub fn expect(&mut self, text: &str) -> Parsed<()> {
        if self.eat(text) { Ok(()) } else { Err(self.expected(format_args!("`{text}`"))) }
    }

    /// The error that something else should stand here.
    pub fn expected(&self, what: impl Display) -> AsmError {
        self.expected_at(self.peek().column, what)
    }

    /// The error that something else should stand where the token in `column` is.
    pub fn expected_at(&self, column: u32, what: impl Display) -> AsmError {
        let token = self.all.iter().find(|token| token.column == column && !token.is_end());
        let found = match token {
            Some(token) => format!("`{}`", token.text),
            None => "end of line".to_owned(),
        };
        let problem = AsmProblem::Expected { expected: what.to_string(), found };
        AsmError { line: self.line, column, problem }
    }
}
