//! Functions, calls of them, and the program.

use super::types::{Int, Type};
use super::{Func, Generator, Var};

/// Statements that one call may execute, about.
const MAX_COST: u64 = 3_000;
/// Calls may nest so deep; the program and `fold` come on top (`MAX_CALL_FRAMES` is 8).
const MAX_DEPTH: u32 = 5;
/// Functions that are no inline ones take so many parameters.
const MAX_PARAMS: u64 = 5;

impl Generator {
    /// One function, which calls earlier ones.
    pub fn function(&mut self) {
        let is_pure = self.random.one_in(2);
        let qualifier = *self.random.pick(&["static", "static", "noinline", "always_inline"]);
        let n_params = match qualifier {
            "always_inline" => self.random.below(MAX_PARAMS + 2),
            _ => self.random.below(MAX_PARAMS + 1),
        };
        let params: Vec<Type> =
            (0..n_params).map(|_| self.param_type(qualifier == "always_inline")).collect();
        let returns = match self.random.below(8) {
            0 if !is_pure => Type::Void,
            1 if qualifier == "always_inline" => self.small_record().unwrap_or(Type::Int(Int::U64)),
            _ => Type::Int(Int::any(&mut self.random)),
        };
        let name = self.name("f");
        let n_globals = self.vars.len();
        let mut list = Vec::new();
        for ty in &params {
            let param = self.name("p");
            let is_pointer = matches!(ty, Type::Pointer(..));
            let is_const = is_pointer && is_pure;
            let qualifier = if is_const { "const " } else { "" };
            list.push(format!("{qualifier}{}", self.declare(ty, &param)));
            self.vars.push(Var { is_const, ..Var::new(param, ty.clone()) });
        }
        let list = if list.is_empty() { "void".into() } else { list.join(", ") };
        let head = self.declare(&returns, &format!("{name}({list})"));
        self.open(&format!("{qualifier} {head}\n{{"));
        self.write_floor = if is_pure { n_globals } else { 0 };
        let budget = 4 + self.random.below(8) as u32;
        self.start_body(budget);
        self.body();
        self.return_value(&returns);
        self.close("}");
        self.vars.truncate(n_globals);
        self.write_floor = 0;
        let (cost, depth) = (self.cost, self.depth + 1);
        self.funcs.push(Func { name, params, returns, is_pure, cost, depth });
    }

    fn start_body(&mut self, budget: u32) {
        self.cost = 1;
        self.depth = 0;
        self.times = 1;
        self.budget = budget;
    }

    fn return_value(&mut self, returns: &Type) {
        match returns {
            Type::Void => {}
            Type::Record(_) => match self.place_of(false, usize::MAX, |ty| ty == returns) {
                Some(place) => self.line(&format!("return {};", place.text)),
                None => {
                    let init = self.local_init(returns);
                    let name = returns.name(&self.records);
                    self.line(&format!("return ({name}){init};"));
                }
            },
            _ => {
                let value = self.expr(3).text;
                self.line(&format!("return {value};"));
            }
        }
    }

    fn param_type(&mut self, is_inlined: bool) -> Type {
        match self.random.below(8) {
            0 if !self.records.is_empty() => {
                let id = self.random.below(self.records.len() as u64) as usize;
                Type::Pointer(Box::new(Type::Record(super::RecordId(id))), 1)
            }
            1 => Type::Pointer(Box::new(Type::Int(Int::any(&mut self.random))), 4),
            2 if is_inlined => self.small_record().unwrap_or(Type::Int(Int::U32)),
            _ => Type::Int(Int::any(&mut self.random)),
        }
    }

    /// A record that clang passes by value for BPF, too.
    fn small_record(&mut self) -> Option<Type> {
        let fits = |id: &usize| self.records[*id].min_bytes <= 8;
        let small: Vec<usize> = (0..self.records.len()).filter(fits).collect();
        (!small.is_empty()).then(|| Type::Record(super::RecordId(*self.random.pick(&small))))
    }

    /// Whether a call fits here.
    pub fn affords(&self, func: &Func) -> bool {
        func.cost * self.times + self.cost < MAX_COST && func.depth < MAX_DEPTH
    }

    /// A call with arguments that have no side effects; `None` if there is nothing to point to.
    pub fn call(&mut self, idx: usize, depth: u32) -> Option<String> {
        let func = self.funcs[idx].clone();
        let mut arguments = Vec::new();
        for ty in &func.params {
            arguments.push(match ty {
                Type::Int(_) => self.expr(depth).text,
                Type::Record(_) => match self.place_of(false, usize::MAX, |other| other == ty) {
                    Some(place) => place.text,
                    None => {
                        let init = self.local_init(ty);
                        format!("({}){init}", ty.name(&self.records))
                    }
                },
                Type::Pointer(pointee, n) => {
                    let is_written = !func.is_pure;
                    self.pointer_to(is_written, usize::MAX, pointee, *n)?
                }
                _ => unreachable!("no parameter has this type"),
            });
        }
        if !self.affords(&func) {
            return None;
        }
        self.cost += func.cost * self.times;
        self.depth = self.depth.max(func.depth);
        Some(format!("{}({})", func.name, arguments.join(", ")))
    }

    /// The address of the first of `n` objects of a type in a row.
    pub fn pointer_to(
        &mut self,
        is_written: bool,
        before: usize,
        pointee: &Type,
        n: u64,
    ) -> Option<String> {
        if n == 1 {
            let place = self.place_of(is_written, before, |ty| ty == pointee)?;
            return Some(format!("&{}", place.text)).filter(|_| !self.is_volatile(place.var));
        }
        let fits = |ty: &Type| match ty {
            Type::Array(element, has) => **element == *pointee && *has >= n,
            _ => false,
        };
        let place = self.place_of(is_written, before, fits)?;
        if self.is_volatile(place.var) {
            return None;
        }
        Some(match self.random.one_in(2) {
            true => place.text,
            false => format!("&{}[0]", place.text),
        })
    }

    /// Volatile objects are only accessed by their names.
    fn is_volatile(&self, var: usize) -> bool {
        self.vars[var].is_volatile
    }

    /// The program: statements, then a checksum of all that is left.
    pub fn main(&mut self) {
        self.open("u32 program(void *ctx)\n{");
        self.start_body(24);
        for idx in 0..self.funcs.len() {
            self.fold_call(idx);
        }
        self.body();
        for var in self.vars.clone() {
            if !matches!(var.ty, Type::Pointer(..)) {
                self.fold_object(&var.name, &var.ty);
            }
        }
        self.line("return (u32)(checksum ^ checksum >> 32);");
        self.close("}");
    }

    /// Every function is called at least once, if that is possible.
    fn fold_call(&mut self, idx: usize) {
        let returns = self.funcs[idx].returns.clone();
        match (self.call(idx, 2), returns) {
            (None, _) => {}
            (Some(call), Type::Int(_)) => self.line(&format!("fold({call});")),
            (Some(call), _) => self.line(&format!("{call};")),
        }
    }

    /// Folds all integers of an object.
    fn fold_object(&mut self, text: &str, ty: &Type) {
        match ty {
            Type::Int(_) | Type::Enum(_) => self.line(&format!("fold({text});")),
            Type::Array(element, n) if *n > 4 || self.random.one_in(2) => {
                let idx = self.name("i");
                self.open(&format!("for (u32 {idx} = 0; {idx} < {n}; {idx}++) {{"));
                self.fold_object(&format!("{text}[{idx}]"), element);
                self.close("}");
            }
            Type::Array(element, n) => {
                for idx in 0..*n {
                    self.fold_object(&format!("{text}[{idx}]"), element);
                }
            }
            Type::Record(id) => {
                let record = self.records[id.0].clone();
                for field in record.named() {
                    self.fold_object(&format!("{text}.{}", field.name), &field.ty);
                    if record.is_union {
                        break;
                    }
                }
            }
            Type::Pointer(..) | Type::Void => {}
        }
    }
}
