//! Statements.

use super::types::{Int, Type};
use super::{Generator, Var};

/// How deep statements nest.
const MAX_NESTING: u32 = 3;

impl Generator {
    /// Variables, then statements.
    pub fn body(&mut self) {
        for _ in 0..2 + self.random.below(4) {
            self.local();
        }
        while self.budget > 0 {
            self.statement();
        }
    }

    /// A block; what it declares ends with it.
    fn block(&mut self, max_statements: u64) {
        let n_vars = self.vars.len();
        if self.random.one_in(3) {
            self.local();
        }
        for _ in 0..1 + self.random.below(max_statements) {
            self.statement();
        }
        self.vars.truncate(n_vars);
    }

    /// A local variable with its initial value.
    fn local(&mut self) {
        if self.random.one_in(4) && self.pointer() {
            return;
        }
        let ty = match self.random.below(3) {
            0 => self.object_type(2),
            _ => Type::Int(Int::any(&mut self.random)),
        };
        // Arrays of records take too much of a kernel's stack.
        let ty = match ty.min_bytes(&self.records) > 64 {
            true => Type::Int(Int::any(&mut self.random)),
            false => ty,
        };
        let name = self.name("v");
        let (storage, is_volatile) = match self.random.below(16) {
            0 if self.write_floor == 0 => ("static ", false),
            1 => ("volatile ", true),
            2 => ("const ", false),
            _ => ("", false),
        };
        let init = match storage {
            "static " => self.constant_init(&ty),
            _ => self.local_init(&ty),
        };
        let declaration = match &ty {
            Type::Int(_) if storage.is_empty() && self.random.one_in(12) => {
                // It takes the type of what it is cast to.
                let declared = ty.name(&self.records);
                self.line(&format!("__auto_type {name} = ({declared})({init});"));
                self.vars.push(Var::new(name, ty));
                return;
            }
            _ => self.declare(&ty, &name),
        };
        self.line(&format!("{storage}{declaration} = {init};"));
        self.vars.push(Var { is_const: storage == "const ", is_volatile, ..Var::new(name, ty) });
    }

    /// A pointer to something; false if there is nothing.
    fn pointer(&mut self) -> bool {
        let pointee = match self.random.one_in(2) && !self.records.is_empty() {
            true => {
                let id = self.random.below(self.records.len() as u64) as usize;
                Type::Record(super::RecordId(id))
            }
            false => Type::Int(Int::any(&mut self.random)),
        };
        let n = if self.random.one_in(2) { 1 } else { 1 << (1 + self.random.below(2)) };
        let is_const = self.random.one_in(4);
        let Some(target) = self.pointer_to(!is_const, usize::MAX, &pointee, n) else {
            return false;
        };
        let name = self.name("q");
        let ty = Type::Pointer(Box::new(pointee), n);
        let qualifier = if is_const { "const " } else { "" };
        let declaration = self.declare(&ty, &name);
        self.line(&format!("{qualifier}{declaration} = {target};"));
        self.vars.push(Var { is_const, ..Var::new(name, ty) });
        true
    }

    /// One statement.
    fn statement(&mut self) {
        self.budget = self.budget.saturating_sub(1);
        self.cost += self.times;
        let can_nest = self.nesting < MAX_NESTING && self.budget > 0;
        self.nesting += 1;
        match self.random.below(40) {
            0..9 => {
                let text = self.assignment(3);
                self.line(&text);
            }
            9..13 if can_nest => self.if_statement(),
            13..17 if can_nest => self.loop_statement(),
            17..20 if can_nest => self.switch_statement(),
            20 | 21 if can_nest => self.forward_goto(),
            22 if can_nest => self.backward_goto(),
            23..26 => self.call_statement(),
            26..28 => self.copy_statement(),
            28 => self.memory_statement(),
            29 | 30 => self.atomic_statement(),
            31 => self.seat_pointer(),
            32 => self.leave_statement(),
            33..35 => self.sequenced_effects(),
            _ if self.write_floor == 0 => {
                let value = self.expr(3).text;
                self.line(&format!("fold({value});"));
            }
            _ => {
                let text = self.assignment(2);
                self.line(&text);
            }
        }
        self.nesting -= 1;
    }

    /// A change of an integer, as text with its semicolon.
    pub fn assignment(&mut self, depth: u32) -> String {
        let Some(place) = self.int_place(true) else {
            return ";".into();
        };
        let is_bool = place.int() == Int::BOOL;
        let is_enum = matches!(place.ty, Type::Enum(_));
        let text = place.text.clone();
        match self.random.below(10) {
            // Decrementing a `_Bool` inverts it, which not all languages allow.
            0 if !is_bool => {
                let op = *self.random.pick(&["++", "--"]);
                match self.random.one_in(2) {
                    true => format!("{text}{op};"),
                    false => format!("{op}{text};"),
                }
            }
            1..4 if !is_bool => {
                let op = *self.random.pick(&["+=", "-=", "*=", "&=", "|=", "^="]);
                format!("{text} {op} {};", self.expr(depth).text)
            }
            4 if !is_bool => {
                let op = *self.random.pick(&["<<=", ">>="]);
                // Wide bit-fields are shifted in types that differ between compilers.
                let bits = place.width.unwrap_or(64).min(place.int().promoted().bits);
                let mask = (1 << bits.ilog2()) - 1;
                format!("{text} {op} {} & {mask};", self.expr(depth).text)
            }
            5 if !is_bool && !is_enum && place.width.is_none_or(|width| width <= 32) => {
                let op = *self.random.pick(&["/=", "%="]);
                let by = self.expr(depth);
                let common = by.ty.common(place.int());
                format!("{text} {op} divisor(({})({}));", common.name(), by.text)
            }
            _ => format!("{text} = {};", self.expr(depth).text),
        }
    }

    fn if_statement(&mut self) {
        let condition = self.expr(3).text;
        self.open(&format!("if ({condition}) {{"));
        self.block(3);
        match self.random.below(3) {
            0 => {}
            1 => {
                let other = self.expr(2).text;
                self.indent -= 1;
                self.line(&format!("}} else if ({other}) {{"));
                self.indent += 1;
                self.block(2);
            }
            _ => {
                self.indent -= 1;
                self.line("} else {");
                self.indent += 1;
                self.block(3);
            }
        }
        self.close("}");
    }

    /// A loop that counts; its counter is only read by what is inside.
    fn loop_statement(&mut self) {
        let n = 1 + self.random.below(7);
        let name = self.name("i");
        let int = *self.random.pick(&[
            Int::U32,
            Int::S32,
            Int::U64,
            Int::S64,
            Int { bits: 8, is_signed: false },
            Int { bits: 16, is_signed: true },
        ]);
        let ty = int.name();
        let kind = self.random.below(5);
        let is_counted = kind < 3;
        let (n_vars, times) = (self.vars.len(), self.times);
        let n_loops = self.n_loops;
        self.n_loops += 1;
        self.times *= n;
        if !is_counted {
            self.line(&format!("{ty} {name} = {n};"));
        }
        match kind {
            0 | 1 => self.open(&format!("for ({ty} {name} = 0; {name} < {n}; {name}++) {{")),
            2 => self.open(&format!("for ({ty} {name} = {}; {name} != 0; --{name}) {{", n)),
            3 => self.open(&format!("while ({name}-- > 0) {{")),
            _ => self.open("do {"),
        }
        let below = if kind < 2 { n } else { n + 1 };
        let counter =
            Var { below: Some(below), is_const: true, ..Var::new(name.clone(), Type::Int(int)) };
        self.vars.push(counter);
        self.block(4);
        self.close(&if kind == 4 { format!("}} while (--{name} > 0);") } else { "}".into() });
        self.vars.truncate(n_vars);
        self.n_loops = n_loops;
        self.times = times;
    }

    fn switch_statement(&mut self) {
        let value = self.expr(3);
        let (mask, spread) =
            *self.random.pick(&[(7, 1), (15, 1), (31, 3), (255, 37), (0xffff, 4099)]);
        let is_masked = !self.random.one_in(4);
        let value = match is_masked {
            true => format!("({} & {mask})", value.text),
            false => value.text,
        };
        self.open(&format!("switch ({value}) {{"));
        // `break` belongs to the switch, `continue` still to the loop.
        let n_cases = 2 + self.random.below(5);
        let default = self.random.below(2 * n_cases);
        let mut next = self.random.below(3);
        for idx in 0..n_cases {
            if idx == default {
                self.case("default:");
            }
            let last = next + self.random.below(4);
            match self.random.one_in(4) {
                true => self.case(&format!("case {next} ... {last}:")),
                false => self.case(&format!("case {next}:")),
            }
            next = last + 1 + self.random.below(3) * spread;
        }
        self.close("}");
    }

    fn case(&mut self, label: &str) {
        self.line(label);
        // Labels of several cases in a row, and ones that fall through.
        if self.random.one_in(6) {
            self.line("\t;");
            return;
        }
        self.open("{");
        self.block(2);
        self.close("}");
        if !self.random.one_in(4) {
            self.line("\tbreak;");
        }
    }

    fn forward_goto(&mut self) {
        let label = self.name("l");
        let condition = self.expr(2).text;
        self.line(&format!("if ({condition}) goto {label};"));
        self.labels.push(label.clone());
        self.open("{");
        self.block(3);
        self.close("}");
        self.labels.pop();
        self.line(&format!("{label}:;"));
    }

    fn backward_goto(&mut self) {
        let (label, counter) = (self.name("l"), self.name("n"));
        let n = 2 + self.random.below(3);
        self.line(&format!("u32 {counter} = 0;"));
        self.line(&format!("{label}:;"));
        let times = self.times;
        self.times *= n;
        self.open("{");
        self.block(3);
        self.close("}");
        self.times = times;
        let condition = self.expr(2).text;
        match self.random.one_in(2) {
            true => self.line(&format!("if (++{counter} < {n}) goto {label};")),
            false => self.line(&format!("if (++{counter} < {n} && {condition}) goto {label};")),
        }
    }

    /// `break`, `continue`, `goto` out of everything, or an early return of nothing.
    fn leave_statement(&mut self) {
        let condition = self.expr(2).text;
        let what = match self.random.below(3) {
            0 if self.n_loops > 0 => "continue".to_owned(),
            1 if self.n_loops > 0 => "break".to_owned(),
            _ => match self.labels.last() {
                Some(label) => format!("goto {label}"),
                None => return,
            },
        };
        self.line(&format!("if ({condition}) {what};"));
    }

    /// A call whose effects are the point of it.
    fn call_statement(&mut self) {
        let fits = |idx: &usize| {
            let func = &self.funcs[*idx];
            self.affords(func) && (func.is_pure || self.write_floor == 0)
        };
        let funcs: Vec<usize> = (0..self.funcs.len()).filter(fits).collect();
        if funcs.is_empty() {
            return;
        }
        let idx = *self.random.pick(&funcs);
        let returns = self.funcs[idx].returns.clone();
        let target = match &returns {
            Type::Void => None,
            Type::Int(_) => self.plain_target(),
            other => self.place_of(true, usize::MAX, |ty| ty == other).map(|place| place.text),
        };
        let Some(call) = self.call(idx, 2) else { return };
        match target {
            Some(target) => self.line(&format!("{target} = {call};")),
            None => self.line(&format!("{call};")),
        }
    }

    /// An integer variable that can be assigned, by its name alone: nothing in it depends on what
    /// the value's effects are.
    fn plain_target(&mut self) -> Option<String> {
        let first = self.write_floor;
        let is_fit =
            |var: &&Var| matches!(var.ty, Type::Int(_)) && !var.is_const && var.below.is_none();
        let names: Vec<_> =
            self.vars[first..].iter().filter(is_fit).map(|var| var.name.clone()).collect();
        (!names.is_empty()).then(|| self.random.pick(&names).clone())
    }

    /// Effects inside of an expression, with the order that C gives to `&&`, `?:` and the comma.
    fn sequenced_effects(&mut self) {
        let Some(target) = self.plain_target() else { return };
        let (Some(a), Some(b)) = (self.effect(), self.effect()) else { return };
        let condition = self.expr(2).text;
        let value = match self.random.below(5) {
            0 => format!("({condition}) && ({a}) && ({b})"),
            1 => format!("({condition}) || ({a}) || ({b})"),
            2 => format!("({condition}) ? ({a}) : ({b})"),
            3 => format!("(({a}), ({b}))"),
            _ => format!("({a}) ?: ({b})"),
        };
        // The end of the initialiser comes between its effects and the assignment.
        let name = self.name("t");
        self.line(&format!("{target} = ({{ s64 {name} = {value}; {name}; }});"));
    }

    /// An assignment as an expression.
    fn effect(&mut self) -> Option<String> {
        let place = self.int_place(true)?;
        if place.int() == Int::BOOL || place.width.is_some_and(|width| width > 32) {
            return None;
        }
        Some(match self.random.below(3) {
            0 => format!("{}++", place.text),
            1 => format!("--{}", place.text),
            _ => {
                let op = *self.random.pick(&["=", "+=", "^="]);
                format!("{} {op} {}", place.text, self.expr(1).text)
            }
        })
    }

    /// A whole record from another.
    fn copy_statement(&mut self) {
        let is_record = |ty: &Type| matches!(ty, Type::Record(_));
        let Some(to) = self.place_of(true, usize::MAX, is_record) else { return };
        match self.place_of(false, usize::MAX, |ty| *ty == to.ty) {
            Some(from) if from.text != to.text && self.random.one_in(2) => {
                self.line(&format!("{} = {};", to.text, from.text));
            }
            _ => {
                let init = self.local_init(&to.ty);
                let name = to.ty.name(&self.records);
                self.line(&format!("{} = ({name}){init};", to.text));
            }
        }
    }

    /// `memcpy` and friends, on arrays of integers.
    fn memory_statement(&mut self) {
        let is_fit = |ty: &Type| matches!(ty, Type::Array(..)) && ty.is_plain();
        let Some(to) = self.place_of(true, usize::MAX, is_fit) else { return };
        if self.vars[to.var].is_volatile {
            return;
        }
        let from = self.place_of(false, usize::MAX, |ty| *ty == to.ty);
        let from = from.filter(|from| from.var != to.var && !self.vars[from.var].is_volatile);
        let Type::Array(_, n) = to.ty else { return };
        let text = &to.text;
        match from {
            Some(from) if !self.may_alias(from.var) && !self.may_alias(to.var) => {
                let from = from.text;
                match self.plain_target().filter(|_| self.random.one_in(2)) {
                    Some(target) => {
                        let compare = format!("__builtin_memcmp({text}, {from}, sizeof({text}))");
                        self.line(&format!("{target} = {compare} != 0;"));
                    }
                    None => {
                        self.line(&format!("__builtin_memcpy({text}, {from}, sizeof({text}));"));
                    }
                }
            }
            _ if self.random.one_in(2) => {
                let byte = self.random.below(256);
                self.line(&format!("__builtin_memset({text}, {byte}, sizeof({text}));"));
            }
            _ => {
                let to = self.random.below(n);
                let from = self.random.below(n);
                let size = format!("{} * sizeof({text}[0])", n - to.max(from));
                self.line(&format!("__builtin_memmove(&{text}[{to}], &{text}[{from}], {size});"));
            }
        }
    }

    /// Two pointers may lead to the same object.
    fn may_alias(&self, var: usize) -> bool {
        matches!(self.vars[var].ty, Type::Pointer(..))
    }

    /// An atomic operation and what it gives.
    fn atomic_statement(&mut self) {
        let Some(place) = self.atomic_place() else { return };
        let Some(target) = self.plain_target() else { return };
        let value = self.expr(2).text;
        let at = format!("&{}", place.text);
        let text = match self.random.below(6) {
            0 => {
                let op = *self.random.pick(&["add", "sub", "and", "or", "xor"]);
                format!("__sync_fetch_and_{op}({at}, {value})")
            }
            1 => {
                let op = *self.random.pick(&["add", "or", "xor", "and"]);
                format!("__atomic_fetch_{op}({at}, {value}, 0)")
            }
            2 => format!("__sync_lock_test_and_set({at}, {value})"),
            3 => {
                let old = self.expr(1).text;
                format!("__sync_val_compare_and_swap({at}, {old}, {value})")
            }
            4 => {
                let name = place.text;
                format!("__sync_val_compare_and_swap({at}, {name}, {value})")
            }
            _ => format!("__sync_add_and_fetch({at}, {value})"),
        };
        match self.random.one_in(3) {
            true => self.line(&format!("{text};")),
            false => self.line(&format!("{target} = {text};")),
        }
    }

    /// Points a pointer to something else that lives at least as long.
    fn seat_pointer(&mut self) {
        let first = self.write_floor;
        let is_pointer = |idx: &usize| {
            let var = &self.vars[*idx];
            matches!(var.ty, Type::Pointer(..)) && !var.name.starts_with('p')
        };
        let pointers: Vec<usize> = (first..self.vars.len()).filter(is_pointer).collect();
        if pointers.is_empty() {
            return;
        }
        let idx = *self.random.pick(&pointers);
        let Var { name, ty, is_const, .. } = self.vars[idx].clone();
        let Type::Pointer(pointee, n) = ty else { return };
        if let Some(target) = self.pointer_to(!is_const, idx, &pointee, n) {
            self.line(&format!("{name} = {target};"));
        }
    }
}
