//! Expressions without side effects outside of themselves.

use super::types::{Int, Type};
use super::{Generator, Var};

/// An expression and its type.
#[derive(Clone, Debug)]
pub struct Expr {
    pub text: String,
    pub ty: Int,
}

impl Expr {
    fn new(text: String, ty: Int) -> Self {
        Self { text, ty }
    }
}

impl Generator {
    /// An expression whose operators nest at most `depth` deep.
    pub fn expr(&mut self, depth: u32) -> Expr {
        if depth == 0 {
            return self.leaf();
        }
        match self.random.below(40) {
            0..4 => self.leaf(),
            4..7 => self.cast(depth),
            7..10 => self.unary(depth),
            10..18 => self.arithmetic(depth),
            18..21 => self.shift(depth),
            21..24 => self.division(depth),
            24..27 => self.comparison(depth),
            27..29 => self.logical(depth),
            29..31 => self.conditional(depth),
            31 => {
                let (a, b) = (self.expr(depth - 1), self.expr(depth - 1));
                Expr::new(format!("({}, {})", a.text, b.text), b.ty)
            }
            32..34 => self.pure_call(depth),
            34..36 => self.builtin(depth),
            36 => self.statement_expression(depth),
            37 => self.literal_object(depth),
            38 => self.pointer_value(),
            _ => self.constant_of_types(depth),
        }
    }

    /// A number or an object.
    fn leaf(&mut self) -> Expr {
        let place = if self.random.one_in(4) { None } else { self.int_place(false) };
        place.map_or_else(|| self.literal(), |place| place.read())
    }

    /// A number of any type, spelled in many ways.
    pub fn literal(&mut self) -> Expr {
        let ty = *self.random.pick(&[Int::S32, Int::S32, Int::U32, Int::S64, Int::U64]);
        let value = self.random.interesting();
        let text = match (ty.bits, ty.is_signed) {
            (32, true) => {
                let value = (value as i32).max(-i32::MAX);
                match value {
                    ..0 => format!("({value})"),
                    32..127 if self.random.one_in(2) => character(value as u8),
                    _ => self.spell(value as u64),
                }
            }
            (32, _) => format!("{}u", self.spell(value & u64::from(u32::MAX))),
            (_, true) => match (value as i64).max(-i64::MAX) {
                value @ ..0 => format!("({value}ll)"),
                value => format!("{}ll", self.spell(value as u64)),
            },
            _ => format!("{}ull", self.spell(value)),
        };
        Expr::new(text, ty)
    }

    fn spell(&mut self, value: u64) -> String {
        match self.random.below(6) {
            0 => format!("{value:#x}"),
            1 => format!("0{value:o}"),
            2 if value < 1 << 16 => format!("{value:#b}"),
            _ => value.to_string(),
        }
    }

    fn cast(&mut self, depth: u32) -> Expr {
        let ty = Int::any(&mut self.random);
        let inner = self.expr(depth - 1);
        Expr::new(format!("({})({})", ty.name(), inner.text), ty)
    }

    fn unary(&mut self, depth: u32) -> Expr {
        let op = *self.random.pick(&["-", "~", "!", "+", "!!"]);
        let inner = self.expr(depth - 1);
        let ty = if op.starts_with('!') { Int::S32 } else { inner.ty.promoted() };
        Expr::new(format!("({op}({}))", inner.text), ty)
    }

    fn arithmetic(&mut self, depth: u32) -> Expr {
        let op = *self.random.pick(&["+", "-", "*", "&", "|", "^"]);
        let (a, b) = (self.expr(depth - 1), self.expr(depth - 1));
        Expr::new(format!("({} {op} {})", a.text, b.text), a.ty.common(b.ty))
    }

    fn shift(&mut self, depth: u32) -> Expr {
        let op = *self.random.pick(&["<<", ">>"]);
        let a = self.expr(depth - 1);
        let ty = a.ty.promoted();
        let count = match self.random.one_in(2) {
            true => self.random.below(u64::from(ty.bits)).to_string(),
            false => format!("({} & {})", self.expr(depth - 1).text, ty.bits - 1),
        };
        Expr::new(format!("({} {op} {count})", a.text), ty)
    }

    fn division(&mut self, depth: u32) -> Expr {
        let op = *self.random.pick(&["/", "%"]);
        let a = self.expr(depth - 1);
        let (by, ty) = match self.random.below(3) {
            0 => {
                let by = self.random.interesting() as u32 | 1;
                (format!("{by}u"), Int::U32)
            }
            1 => {
                let by = (self.random.interesting() as i32).clamp(-i32::MAX, i32::MAX);
                (format!("({})", if by == 0 || by == -1 { -3 } else { by }), Int::S32)
            }
            _ => {
                let b = self.expr(depth - 1);
                // Converted to the common type, a divisor must not become -1 either.
                let ty = a.ty.common(b.ty);
                (format!("divisor(({})({}))", ty.name(), b.text), ty)
            }
        };
        Expr::new(format!("({} {op} {by})", a.text), a.ty.common(ty))
    }

    fn comparison(&mut self, depth: u32) -> Expr {
        let op = *self.random.pick(&["<", ">", "<=", ">=", "==", "!="]);
        let (a, b) = (self.expr(depth - 1), self.expr(depth - 1));
        Expr::new(format!("({} {op} {})", a.text, b.text), Int::S32)
    }

    fn logical(&mut self, depth: u32) -> Expr {
        let op = *self.random.pick(&["&&", "||"]);
        let (a, b) = (self.expr(depth - 1), self.expr(depth - 1));
        Expr::new(format!("({} {op} {})", a.text, b.text), Int::S32)
    }

    fn conditional(&mut self, depth: u32) -> Expr {
        let (a, b) = (self.expr(depth - 1), self.expr(depth - 1));
        if self.random.one_in(4) {
            return Expr::new(format!("({} ?: {})", a.text, b.text), a.ty.common(b.ty));
        }
        let c = self.expr(depth - 1);
        Expr::new(format!("({} ? {} : {})", c.text, a.text, b.text), a.ty.common(b.ty))
    }

    /// A call of a function that changes nothing.
    fn pure_call(&mut self, depth: u32) -> Expr {
        let fits = |idx: &usize| {
            let func = &self.funcs[*idx];
            func.is_pure && matches!(func.returns, Type::Int(_)) && self.affords(func)
        };
        let funcs: Vec<usize> = (0..self.funcs.len()).filter(fits).collect();
        if funcs.is_empty() {
            return self.arithmetic(depth);
        }
        let idx = *self.random.pick(&funcs);
        let Type::Int(ty) = self.funcs[idx].returns else {
            unreachable!("functions were chosen by what they return");
        };
        match self.call(idx, depth - 1) {
            Some(text) => Expr::new(text, ty),
            None => self.arithmetic(depth),
        }
    }

    fn builtin(&mut self, depth: u32) -> Expr {
        let a = self.expr(depth - 1).text;
        let int = |bits, is_signed| Int { bits, is_signed };
        match self.random.below(9) {
            0 => Expr::new(format!("__builtin_bswap16({a})"), int(16, false)),
            1 => Expr::new(format!("__builtin_bswap32({a})"), Int::U32),
            2 => Expr::new(format!("((u64)__builtin_bswap64({a}))"), Int::U64),
            3 => Expr::new(format!("__builtin_popcount({a})"), Int::S32),
            4 => Expr::new(format!("__builtin_popcountll({a})"), Int::S32),
            5 => Expr::new(format!("__builtin_clz((u32)({a}) | 1)"), Int::S32),
            6 => Expr::new(format!("__builtin_clzll((u64)({a}) | 1)"), Int::S32),
            7 => Expr::new(format!("__builtin_ctzll((u64)({a}) | 1ull << 63)"), Int::S32),
            _ => {
                let ty = Int::any(&mut self.random);
                let ty = if ty.bits == 1 || ty.bits == 64 { Int::S32 } else { ty };
                let op = *self.random.pick(&["add", "sub", "mul"]);
                let b = self.expr(depth - 1).text;
                let name = self.name("o");
                let ty_name = ty.name();
                let does = format!("__builtin_{op}_overflow((s32)({a}), (u32)({b}), &{name})");
                let result = match self.random.one_in(2) {
                    true => format!("u64 {name}_ = {does}; {name}_ * 31 + (u64){name};"),
                    false => format!("(u64)({does} ? -1 : {name});"),
                };
                Expr::new(format!("({{ {ty_name} {name} = 0; {result} }})"), Int::U64)
            }
        }
    }

    /// `({ T t = a; t op= b; t; })`.
    fn statement_expression(&mut self, depth: u32) -> Expr {
        let ty = Int::any(&mut self.random);
        let name = self.name("t");
        let start = self.expr(depth - 1).text;
        let declared = match self.random.below(4) {
            0 => format!("typeof({}) {name} = {start}", ty.name()),
            _ => format!("{} {name} = {start}", ty.name()),
        };
        let saved_floor = std::mem::replace(&mut self.write_floor, self.vars.len());
        self.vars.push(Var::new(name.clone(), Type::Int(ty)));
        let change = self.assignment(depth - 1);
        self.vars.pop();
        self.write_floor = saved_floor;
        Expr::new(format!("({{ {declared}; {change} {name}; }})"), ty)
    }

    /// An element or member of an object without a name.
    fn literal_object(&mut self, depth: u32) -> Expr {
        match self.random.below(3) {
            0 => {
                let ty = Int::any(&mut self.random);
                let items: Vec<_> = (0..4).map(|_| self.expr(depth - 1).text).collect();
                let idx = self.index(4);
                Expr::new(format!("(({}[4]){{ {} }})[{idx}]", ty.name(), items.join(", ")), ty)
            }
            1 => {
                let idx = self.index(8);
                Expr::new(format!("\"%s\\x7f\\001z\\n!\"[{idx}]"), Int { bits: 8, is_signed: true })
            }
            _ => {
                let ty = Int::any(&mut self.random);
                let inner = self.expr(depth - 1).text;
                Expr::new(format!("({}){{ {inner} }}", ty.name()), ty)
            }
        }
    }

    /// What two pointers into one array say about each other.
    fn pointer_value(&mut self) -> Expr {
        let Some(array) = self.place_of(false, usize::MAX, |ty| matches!(ty, Type::Array(..)))
        else {
            return self.leaf();
        };
        let Type::Array(_, n) = array.ty else {
            unreachable!("an array was asked for");
        };
        let (a, b) = (self.index(n), self.index(n));
        let text = array.text;
        let op = *self.random.pick(&["<", "==", "!=", ">="]);
        match self.random.one_in(2) {
            true => Expr::new(format!("((s64)(&{text}[{a}] - &{text}[{b}]))"), Int::S64),
            false => Expr::new(format!("(&{text}[{a}] {op} {text} + ({b}))"), Int::S32),
        }
    }

    /// A constant that depends on types only.
    fn constant_of_types(&mut self, depth: u32) -> Expr {
        let inner = self.expr(depth.min(2) - 1).text;
        match self.random.below(3) {
            0 => Expr::new(format!("((u64)sizeof(({inner}) + 0))"), Int::U64),
            1 => {
                let list = "u32: 1, s32: 2, u64: 3, s64: 4, default: 5";
                Expr::new(format!("_Generic(({inner}) + 0, {list})"), Int::S32)
            }
            _ if !self.records.is_empty() => {
                let records = std::mem::take(&mut self.records);
                let record = self.random.pick(&records);
                let name = record.full_name();
                let whole: Vec<_> = record.named().filter(|f| f.width.is_none()).collect();
                let text = match whole.first() {
                    Some(field) => format!("((u64)__builtin_offsetof({name}, {}))", field.name),
                    None => format!("((u64)_Alignof({name}))"),
                };
                self.records = records;
                Expr::new(text, Int::U64)
            }
            _ => self.literal(),
        }
    }
}

/// A character constant.
fn character(byte: u8) -> String {
    match byte {
        b'\'' | b'\\' => format!("'\\{}'", char::from(byte)),
        _ => format!("'{}'", char::from(byte)),
    }
}
