//! Random programs that mean one thing only, from a seed.
//!
//! A program is dense C for BPF, and with `-DHOST` a program of the host that prints what the
//! program for BPF returns: a checksum of everything it computed. Nothing in it is undefined or left
//! to the compiler, provided that signed overflow wraps (`-fwrapv`) and objects may be accessed
//! through any type (`-fno-strict-aliasing`):
//!
//! - counts of shifts are masked, divisors are neither 0 nor -1, indices are masked;
//! - all variables have initial values, unions those of their first and largest member;
//! - only what is sequenced has side effects: operands of an operator have none outside of
//!   themselves;
//! - loops count to constants, functions call earlier ones only, and the work of calls is bounded.
//!
//! Statements stand on lines of their own, so that a program can be made smaller by dropping
//! lines.

mod expr;
mod function;
mod init;
mod place;
mod random;
mod stmt;
mod types;

use random::Random;
use std::fmt::Write;
use types::{Int, Record, RecordId, Type};

/// What programs start with.
const PRELUDE: &str = include_str!("prelude.h");

/// The program of a seed.
pub fn program(seed: u64) -> String {
    let mut generator = Generator::new(seed);
    generator.program();
    format!("// Seed {seed}.\n{PRELUDE}{}", generator.out)
}

/// A variable in scope.
#[derive(Clone, Debug)]
struct Var {
    name: String,
    ty: Type,
    /// It, or what a pointer points to, is only read.
    is_const: bool,
    /// A loop counter that stays below this.
    below: Option<u64>,
    /// It is only accessed by its name.
    is_volatile: bool,
}

impl Var {
    fn new(name: String, ty: Type) -> Self {
        Self { name, ty, is_const: false, below: None, is_volatile: false }
    }
}

/// A function that can be called.
#[derive(Clone, Debug)]
struct Func {
    name: String,
    params: Vec<Type>,
    returns: Type,
    /// It changes nothing outside of itself.
    is_pure: bool,
    /// About how many statements it executes.
    cost: u64,
    /// How deep its calls nest, itself included.
    depth: u32,
}

/// The state of a program being written. Variables are a stack: what has a higher index lives
/// shorter.
struct Generator {
    random: Random,
    out: String,
    indent: usize,
    n_names: u32,
    records: Vec<Record>,
    n_enums: u32,
    funcs: Vec<Func>,
    vars: Vec<Var>,
    /// Variables before this are only read here.
    write_floor: usize,
    /// How often a statement here is executed in one call.
    times: u64,
    /// Cost of the function so far.
    cost: u64,
    /// The deepest call of the function so far.
    depth: u32,
    /// Whether `break` and `continue` have a loop here.
    n_loops: u32,
    /// Labels behind the statements around, which `goto` may go to.
    labels: Vec<String>,
    /// How deep statements nest.
    nesting: u32,
    /// Statements that the function may still have.
    budget: u32,
}

impl Generator {
    fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            out: String::new(),
            indent: 0,
            n_names: 0,
            records: Vec::new(),
            n_enums: 0,
            funcs: Vec::new(),
            vars: Vec::new(),
            write_floor: 0,
            times: 1,
            cost: 0,
            depth: 0,
            n_loops: 0,
            labels: Vec::new(),
            nesting: 0,
            budget: 0,
        }
    }

    /// Types, globals, functions, and the program that calls them.
    fn program(&mut self) {
        for _ in 0..self.random.below(3) {
            self.enumeration();
        }
        for _ in 0..1 + self.random.below(4) {
            self.record();
        }
        for _ in 0..4 + self.random.below(8) {
            self.global();
        }
        for _ in 0..2 + self.random.below(5) {
            self.function();
        }
        self.main();
    }

    fn line(&mut self, text: &str) {
        let tabs = "\t".repeat(self.indent);
        let _ = writeln!(self.out, "{tabs}{text}");
    }

    fn open(&mut self, text: &str) {
        self.line(text);
        self.indent += 1;
    }

    fn close(&mut self, text: &str) {
        self.indent -= 1;
        self.line(text);
    }

    /// A name that nothing has yet.
    fn name(&mut self, letter: &str) -> String {
        self.n_names += 1;
        format!("{letter}{}", self.n_names)
    }

    fn enumeration(&mut self) {
        self.n_enums += 1;
        let id = self.n_enums;
        let mut list = String::new();
        for idx in 0..2 + self.random.below(4) {
            let _ = write!(list, "{}E{id}_{idx}", if idx == 0 { "" } else { ", " });
            if self.random.one_in(3) {
                // Never negative: its type is `unsigned int` everywhere.
                let _ = write!(list, " = {}", self.random.below(1 << 20));
            }
        }
        self.line(&format!("enum e{id} {{ {list} }};"));
    }

    /// A structure or union, from scalars and earlier ones.
    fn record(&mut self) {
        let id = RecordId(self.records.len());
        let record = Record::generate(&mut self.random, &self.records, self.n_enums, id);
        self.out.push_str(&record.definition(&self.records));
        self.records.push(record);
    }

    fn global(&mut self) {
        let ty = self.object_type(2);
        let name = self.name("g");
        let storage = *self.random.pick(&[
            "static",
            "static",
            "static",
            "",
            "static volatile",
            "static const",
            "const volatile",
        ]);
        let init = match self.random.one_in(3) && !storage.contains("const") {
            true => String::new(),
            false => format!(" = {}", self.constant_init(&ty)),
        };
        let declaration = self.declare(&ty, &name);
        self.line(format!("{storage} {declaration}{init};").trim_start());
        let is_const = storage.contains("const");
        let is_volatile = storage.contains("volatile");
        self.vars.push(Var { is_const, is_volatile, ..Var::new(name, ty) });
    }

    /// A scalar, a record or an array; of arrays at most `dimensions`.
    fn object_type(&mut self, dimensions: u32) -> Type {
        match self.random.below(10) {
            0..3 if dimensions > 0 => {
                let n_elements = 1 << (1 + self.random.below(3));
                Type::Array(Box::new(self.object_type(dimensions - 1)), n_elements)
            }
            3..6 if !self.records.is_empty() => {
                Type::Record(RecordId(self.random.below(self.records.len() as u64) as usize))
            }
            6 if self.n_enums > 0 => {
                Type::Enum(1 + self.random.below(u64::from(self.n_enums)) as u32)
            }
            _ => Type::Int(Int::any(&mut self.random)),
        }
    }

    /// A declarator of the type.
    fn declare(&self, ty: &Type, name: &str) -> String {
        ty.declare(name, &self.records)
    }
}

#[cfg(test)]
mod tests {
    use super::program;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_is_a_program() {
        let all: BTreeSet<String> = (0..50).map(program).collect();
        assert_eq!(all.len(), 50, "seeds give different programs");
        assert_eq!(program(7), program(7), "and the same one always");
    }

    #[test]
    fn everything_appears() {
        let all: String = (0..300).map(program).collect();
        let wanted = [
            "switch (",
            "case 1 ... ",
            "default:",
            "goto ",
            "do {",
            "while (",
            "continue;",
            "break;",
            "?:",
            "__builtin_add_overflow",
            "__builtin_memcpy",
            "__builtin_bswap32",
            "__sync_",
            "_Generic(",
            "typeof(",
            "union",
            "packed",
            "struct s1 *",
            "({",
            "noinline",
            "static u",
            "volatile",
            "[0 ... ",
            "_Bool",
            "sizeof",
            "enum e1",
            ": 0;",
            "__atomic_",
            "const char",
        ];
        for word in wanted {
            assert!(all.contains(word), "nothing has `{word}`");
        }
    }
}
