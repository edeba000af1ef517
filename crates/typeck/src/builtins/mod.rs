//! Compiler builtins: `__builtin_*`, and the library functions that compilers know.

mod atomic;
mod bits;
mod core;
mod memory;
mod number;
mod overflow;

use crate::checker::Checker;
use crate::expr::{Operand, OperandKind};
use crate::hir::{Builtin, ExprId, ExprKind, PlaceKind};
use crate::scope::Entity;
use bpfc_base::codes::types::{E0306, E0320};
use bpfc_base::{Span, Symbol};
use bpfc_parser::ast::{self, AttrArg};

/// A call of a builtin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BuiltinCall<'c> {
    /// Its whole name.
    pub name: &'c str,
    pub name_span: Span,
    pub args: &'c [ast::ExprId],
    pub span: Span,
}

impl Checker<'_> {
    /// The call `name(args)`, if `name` is a builtin that the program did not declare.
    pub fn builtin_call(
        &mut self,
        name: Symbol,
        name_span: Span,
        args: &[ast::ExprId],
        span: Span,
    ) -> Option<Operand> {
        let text = self.name(name);
        let call = BuiltinCall { name: &text, name_span, args, span };
        if let Some(short) = text.strip_prefix("__builtin_") {
            return Some(self.named_builtin(short, &call));
        }
        if let Some(short) = text.strip_prefix("__sync_") {
            let value = self.sync_builtin(short, &call);
            return Some(Operand::value(value, span));
        }
        if let Some(short) = text.strip_prefix("__atomic_") {
            let value = self.atomic_builtin(short, &call);
            return Some(Operand::value(value, span));
        }
        if let Some(short) = text.strip_prefix("__c11_atomic_") {
            let value = self.c11_atomic_builtin(short, &call);
            return Some(Operand::value(value, span));
        }
        let is_library = matches!(
            &*text,
            "memcpy" | "memmove" | "memset" | "memcmp" | "bcmp" | "strlen" | "strcmp" | "strncmp"
        );
        if is_library && self.is_library_function(name) {
            return Some(self.named_builtin(&text, &call));
        }
        None
    }

    /// Whether `name` is at most declared: then it means the library's function.
    fn is_library_function(&self, name: Symbol) -> bool {
        match self.scopes.find(name).map(|decl| decl.entity) {
            None => true,
            Some(Entity::Func(func)) => self.module.funcs[func].body.is_none(),
            Some(_) => false,
        }
    }

    /// `__builtin_NAME(…)`
    fn named_builtin(&mut self, name: &str, call: &BuiltinCall<'_>) -> Operand {
        let span = call.span;
        let value = match name {
            "va_start" | "va_end" | "va_copy" => {
                self.unevaluated(|this| this.args_at_least(call, 1));
                self.variable_arguments(name, span)
            }
            "choose_expr" => return self.choose_expr(call),
            "preserve_access_index" => return self.preserve_access_index(call),
            "constant_p" => self.constant_p(call),
            "expect" | "expect_with_probability" => self.expect(call),
            "unreachable" => self.no_value(Builtin::Unreachable, span),
            "trap" | "abort" => self.no_value(Builtin::Trap, span),
            "assume" | "prefetch" => self.checked_and_dropped(call),
            "assume_aligned" => match self.args_at_least(call, 1) {
                Some(values) => values[0],
                None => self.poison(span),
            },
            "object_size" | "dynamic_object_size" => self.object_size(call),
            "memcpy" | "memmove" | "memset" | "memcmp" => self.memory_builtin(name, call),
            "memcpy_inline" => self.memory_builtin("memcpy", call),
            "memset_inline" => self.memory_builtin("memset", call),
            "strlen" => self.strlen(call),
            "strcmp" => self.strcmp(call),
            "preserve_field_info" => self.preserve_field_info(call),
            "preserve_type_info" => self.preserve_type_info(call),
            "preserve_enum_value" => self.preserve_enum_value(call),
            "btf_type_id" => self.btf_type_id(call),
            "alloca" => self.alloca(call),
            "bzero" => self.bzero(call),
            "mempcpy" => self.mempcpy(call),
            "bcmp" => self.memory_builtin("memcmp", call),
            "strncmp" => self.strncmp(call),
            _ => {
                let value = self.overflow(name, call);
                let value = value.or_else(|| self.bit_builtin(name, call));
                match value.or_else(|| self.number_builtin(name, call)) {
                    Some(value) => value,
                    None => self.unknown_builtin(call),
                }
            }
        };
        Operand::value(value, span)
    }

    fn unknown_builtin(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        for &arg in call.args {
            self.rvalue(arg);
        }
        let message = format!("the builtin `{}` is not supported", call.name);
        self.error(E0320, call.name_span, message);
        self.poison(call.span)
    }

    fn no_value(&mut self, builtin: Builtin, span: Span) -> ExprId {
        self.value(ExprKind::Builtin(builtin, Vec::new()), self.common.void, span)
    }

    /// Exactly `n` arguments, as values; reported otherwise.
    pub(crate) fn args_exactly(&mut self, call: &BuiltinCall<'_>, n: usize) -> Option<Vec<ExprId>> {
        if call.args.len() != n {
            return self.wrong_count(call, n);
        }
        self.args_at_least(call, n)
    }

    /// At least `n` arguments, as values; reported otherwise.
    pub(crate) fn args_at_least(
        &mut self,
        call: &BuiltinCall<'_>,
        n: usize,
    ) -> Option<Vec<ExprId>> {
        if call.args.len() < n {
            return self.wrong_count(call, n);
        }
        let values: Vec<ExprId> = call.args.iter().map(|&arg| self.rvalue(arg)).collect();
        let is_bad = values.iter().any(|&value| self.is_poison(value));
        (!is_bad).then_some(values)
    }

    pub(crate) fn wrong_count<T>(&mut self, call: &BuiltinCall<'_>, n: usize) -> Option<T> {
        let plural = if n == 1 { "" } else { "s" };
        let found = call.args.len();
        let message = format!("`{}` takes {n} argument{plural}, found {found}", call.name);
        self.error(E0306, call.name_span, message);
        None
    }

    fn checked_and_dropped(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let values = self.unevaluated(|this| this.args_at_least(call, 1));
        let zero = self.int(0, self.common.int, call.span);
        match values {
            Some(_) => self.value(ExprKind::Cast(zero), self.common.void, call.span),
            None => self.poison(call.span),
        }
    }

    /// `__builtin_choose_expr(constant, a, b)`: the one that is not chosen is not evaluated.
    fn choose_expr(&mut self, call: &BuiltinCall<'_>) -> Operand {
        let poison = |this: &mut Self| Operand::value(this.poison(call.span), call.span);
        let &[cond, a, b] = call.args else {
            self.wrong_count::<()>(call, 3);
            return poison(self);
        };
        let Some(cond) = self.const_expr(cond, "the condition of `__builtin_choose_expr`") else {
            return poison(self);
        };
        let (chosen, other) = if cond != 0 { (a, b) } else { (b, a) };
        self.unevaluated(|this| this.expr(other));
        self.expr(chosen)
    }

    /// `__builtin_constant_p(x)`: what is computed from variables of the function may become
    /// constant later, anything else is known now. Where a constant is wanted, nothing waits.
    fn constant_p(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let &[arg] = call.args else {
            self.wrong_count::<()>(call, 1);
            return self.poison(call.span);
        };
        let operand = self.unevaluated(|this| this.expr(arg));
        let is_string = match operand.kind {
            OperandKind::Place(place) => match self.body.places[place].kind {
                PlaceKind::Global(global) => matches!(
                    self.module.globals[global].kind,
                    crate::hir::GlobalKind::StringLiteral
                ),
                _ => false,
            },
            _ => false,
        };
        let value = self.operand_value(operand);
        let is_constant = is_string
            || self.folded_local(value).is_some()
            || self.const_int(value).is_some()
            || self.const_float(value).is_some();
        let can_wait = self.func.is_some() && self.n_unevaluated == 0 && !self.wants_constant;
        let int = self.common.int;
        if !is_constant && can_wait && self.is_of_locals(value) {
            let builtin = ExprKind::Builtin(Builtin::IsConstant, vec![value]);
            return self.value(builtin, int, call.span);
        }
        self.int(i128::from(is_constant), int, call.span)
    }

    /// Whether `value` is computed from integers in variables of the function only.
    fn is_of_locals(&self, value: ExprId) -> bool {
        let is_small = self.int_shape(self.type_of(value)).is_some_and(|(bits, _)| bits <= 64);
        is_small
            && match self.body.exprs[value].kind {
                ExprKind::Int(_) => true,
                ExprKind::Load(place) => {
                    let place = &self.body.places[place];
                    matches!(place.kind, PlaceKind::Local(_)) && !place.ty.quals.is_volatile
                }
                ExprKind::Cast(a) | ExprKind::Neg(a) | ExprKind::BitNot(a) => self.is_of_locals(a),
                ExprKind::Binary(_, a, b) => self.is_of_locals(a) && self.is_of_locals(b),
                _ => false,
            }
    }

    /// `__builtin_expect(value, expected)`: of type `long`.
    fn expect(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let Some(values) = self.args_at_least(call, 2) else {
            return self.poison(call.span);
        };
        let long = self.common.long;
        let to_long = |this: &mut Self, value: ExprId| {
            let span = this.span_of(value);
            if this.is_scalar(this.type_of(value)) {
                this.cast(value, long, span)
            } else {
                this.poison(span)
            }
        };
        let value = to_long(self, values[0]);
        let expected = to_long(self, values[1]);
        if self.is_poison(value) || self.is_poison(expected) || self.const_int(value).is_some() {
            return value;
        }
        self.value(ExprKind::Builtin(Builtin::Expect, vec![value, expected]), long, call.span)
    }

    /// A builtin whose argument is written as a type.
    pub fn builtin_with_types(&mut self, name: Symbol, args: &[AttrArg], span: Span) -> Operand {
        let text = self.name(name);
        for arg in args {
            match arg {
                AttrArg::Expr(expr) => {
                    self.rvalue(*expr);
                }
                AttrArg::Type(ty) => {
                    self.type_name(*ty);
                }
            }
        }
        self.error(E0320, span, format!("the builtin `{text}` is not supported"));
        Operand::value(self.poison(span), span)
    }
}
