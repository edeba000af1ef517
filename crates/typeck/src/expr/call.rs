//! Calls (C11 6.5.2.2): of functions, of kernel helpers, of builtins.

use super::{Operand, OperandKind};
use crate::checker::Checker;
use crate::convert::Why;
use crate::hir::{Callee, ExprId, ExprKind, FuncType, PlaceKind, Type};
use bpfc_base::codes::bpf::{E0405, E0412};
use bpfc_base::codes::types::{E0306, E0317, E0321};
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ast;

/// What is called, and its type.
#[derive(Clone, Debug)]
pub(crate) struct CallTarget {
    pub callee: Callee,
    pub ty: FuncType,
    /// As messages call it.
    pub name: String,
    /// Where it is declared.
    pub declared: Span,
}

impl Checker<'_> {
    pub fn call_expr(&mut self, callee: ast::ExprId, args: &[ast::ExprId], span: Span) -> Operand {
        if let Some(name) = self.plain_name(callee) {
            let callee_span = self.unit.exprs[callee].span;
            let text = self.name(name);
            self.warn_pointer_size(&text, args);
            if let Some(operand) = self.builtin_call(name, callee_span, args, span) {
                return operand;
            }
            if !self.is_callable_name(name) {
                return Operand::value(self.unknown_function(name, callee_span, args, span), span);
            }
        }
        if let Some(value) = self.method_call(callee, args, span) {
            return Operand::value(value, span);
        }
        let callee_span = self.unit.exprs[callee].span;
        let target = self.expr(callee);
        let Some(target) = self.call_target(target, callee_span) else {
            for &arg in args {
                self.rvalue(arg);
            }
            return Operand::value(self.poison(span), span);
        };
        let value = self.finish_call(target, callee_span, args, span);
        Operand::value(value, span)
    }

    /// The name that an expression is, parentheses aside.
    pub fn plain_name(&self, mut expr: ast::ExprId) -> Option<Symbol> {
        loop {
            match self.unit.exprs[expr].kind {
                ast::ExprKind::Paren(inner) => expr = inner,
                ast::ExprKind::Name(name) => return Some(name),
                _ => return None,
            }
        }
    }

    fn is_callable_name(&mut self, name: Symbol) -> bool {
        if self.find_entity(name).is_some() {
            return true;
        }
        let text = self.name(name);
        self.find_helper(&text).is_some()
    }

    fn unknown_function(
        &mut self,
        name: Symbol,
        at: Span,
        args: &[ast::ExprId],
        span: Span,
    ) -> ExprId {
        for &arg in args {
            self.rvalue(arg);
        }
        let text = self.name(name);
        let helpers = bpfc_kabi::helper_names();
        let similar_helper = most_similar(&text, helpers);
        let visible = self.scopes.visible(&self.session.names, |entity| {
            matches!(entity, crate::scope::Entity::Func(_) | crate::scope::Entity::Global(_))
        });
        let similar = most_similar(&text, visible.iter().map(String::as_str));
        let mut diagnostic =
            if text.starts_with("bpf_") && similar.is_none() || similar_helper.is_some() {
                Diagnostic::new(E0405, at, format!("there is no helper `{text}`"))
            } else {
                Diagnostic::new(E0321, at, format!("the function `{text}` is not declared"))
                    .with_flag("implicit-function-declaration")
            };
        let keyword = most_similar(&text, ["while", "for", "switch", "return", "sizeof", "if"]);
        let keyword = keyword.filter(|keyword| keyword.len() == text.len() && text.len() > 2);
        if let Some(similar) = similar.or(similar_helper).or(keyword) {
            diagnostic = crate::suggest(diagnostic, at, similar);
        } else if text.starts_with("bpf_") {
            diagnostic = diagnostic.with_note(
                "a kernel function that is no helper must be declared: `extern … __ksym;`",
            );
        }
        self.report(diagnostic);
        self.poison(span)
    }

    /// What `operand`, called, calls. Reports what is no function.
    pub fn call_target(&mut self, operand: Operand, at: Span) -> Option<CallTarget> {
        match operand.kind {
            OperandKind::Func(func) => {
                let declared = self.module.funcs[func].span;
                let name = self.name(self.module.funcs[func].name).to_string();
                let ty = self.as_func(self.module.funcs[func].ty)?.clone();
                Some(CallTarget { callee: Callee::Func(func), ty, name, declared })
            }
            OperandKind::Helper(id) => self.helper_target(id, at),
            OperandKind::Place(place) => {
                if let PlaceKind::Global(global) = self.body.places[place].kind
                    && let Some(&id) = self.helper_vars.get(&global)
                {
                    let node = &self.module.globals[global];
                    let (declared, name) = (node.span, self.name(node.name).to_string());
                    let ty = self.pointee(node.ty.ty)?.ty;
                    let ty = self.as_func(ty)?.clone();
                    return Some(CallTarget { callee: Callee::Helper(id), ty, name, declared });
                }
                let value = self.operand_value(operand);
                self.pointer_target(value, at)
            }
            OperandKind::Value(value) => self.pointer_target(value, at),
        }
    }

    fn pointer_target(&mut self, value: ExprId, at: Span) -> Option<CallTarget> {
        if self.is_poison(value) {
            return None;
        }
        let ty = self.type_of(value);
        let func = self.pointee(ty).and_then(|to| self.as_func(to.ty)).cloned();
        let Some(func) = func else {
            let shown = self.show(ty);
            self.error(E0317, at, format!("only a function can be called, found `{shown}`"));
            return None;
        };
        let callee = match self.body.exprs[value].kind {
            ExprKind::Int(number) if number > 0 && number < i128::from(u32::MAX) => {
                Callee::Helper(number as u32)
            }
            ExprKind::FuncAddr(func) => Callee::Func(func),
            _ => Callee::Pointer(value),
        };
        let name = match callee {
            Callee::Func(func) => self.name(self.module.funcs[func].name).to_string(),
            _ => "this function".to_owned(),
        };
        Some(CallTarget { callee, ty: func, name, declared: Span::NONE })
    }

    /// Checks the arguments, and makes the call.
    fn finish_call(
        &mut self,
        target: CallTarget,
        callee_span: Span,
        args: &[ast::ExprId],
        span: Span,
    ) -> ExprId {
        let operands: Vec<Operand> = args.iter().map(|&arg| self.expr(arg)).collect();
        if !self.check_count(&target, callee_span, &operands)
            || self.is_variable_call(&target, callee_span)
        {
            return self.poison(span);
        }
        let mut values = Vec::with_capacity(operands.len());
        for (index, operand) in operands.into_iter().enumerate() {
            values.push(self.argument(&target, index, operand));
        }
        let is_bench = |id| bpfc_kabi::bench::BenchCall::from_helper(id).is_some();
        if let Callee::Helper(id) = target.callee
            && !is_bench(id)
        {
            if bpfc_kabi::helper_by_id(id).is_none() {
                let message = format!("there is no helper number {id}");
                self.error(E0405, callee_span, message);
                return self.poison(span);
            }
            self.check_helper_arguments(id, &target, &values);
        }
        let is_bad = values.iter().any(|&value| self.is_poison(value));
        let ret = target.ty.ret.ty;
        if is_bad || !self.is_returnable(ret, span) {
            return self.poison(span);
        }
        self.note_loose_call(&target, &values, span);
        if let Some(value) = self.special_function(&target, &values, span) {
            return value;
        }
        self.value(ExprKind::Call { callee: target.callee, args: values }, ret, span)
    }

    fn is_returnable(&mut self, ret: crate::hir::TypeId, span: Span) -> bool {
        match self.resolved(ret) {
            Type::Void => true,
            Type::Float(_) => {
                self.float_error(span, span);
                false
            }
            _ => self.require_complete(ret, span),
        }
    }

    /// Reports a call of a function with variable arguments that is no helper. One that has a
    /// body here is reported where it is defined.
    fn is_variable_call(&mut self, target: &CallTarget, at: Span) -> bool {
        let Callee::Func(func) = target.callee else {
            return false;
        };
        if target.ty.is_variadic && self.module.funcs[func].body.is_none() {
            let name = &target.name;
            let message = format!("`{name}` takes variable arguments: BPF has no such calls");
            self.error(E0412, at, message);
        }
        target.ty.is_variadic
    }

    fn check_count(&mut self, target: &CallTarget, at: Span, args: &[Operand]) -> bool {
        let n_params = target.ty.params.len();
        if args.len() == n_params
            || (args.len() > n_params && (target.ty.is_variadic || target.ty.is_unprototyped))
        {
            return true;
        }
        let plural = if n_params == 1 { "" } else { "s" };
        let at_least = if target.ty.is_variadic { "at least " } else { "" };
        let message = format!(
            "`{}` takes {at_least}{n_params} argument{plural}, found {}",
            target.name,
            args.len()
        );
        let span = match args.get(n_params) {
            Some(first_extra) if args.len() > n_params => {
                let last = args[args.len() - 1].span;
                self.session.sources.join(first_extra.span, last)
            }
            _ => at,
        };
        let mut diagnostic = Diagnostic::new(E0306, span, message);
        if !target.declared.is_none() {
            let text = format!("`{}` is declared here", target.name);
            diagnostic = diagnostic.with_note_at(target.declared, text);
        } else if let Callee::Helper(id) = target.callee
            && let Some(helper) = bpfc_kabi::helper_by_id(id)
        {
            diagnostic = diagnostic.with_note(format!("the helper is `{helper}`"));
        }
        self.report(diagnostic);
        false
    }

    fn argument(&mut self, target: &CallTarget, index: usize, operand: Operand) -> ExprId {
        let Some(param) = target.ty.params.get(index).copied() else {
            return match target.ty.is_unprototyped {
                true => self.promoted_argument(operand),
                false => self.promote(operand),
            };
        };
        if let Callee::Helper(id) = target.callee
            && self.is_map_param(id, index)
        {
            return self.map_argument(target, index, operand, param.ty);
        }
        let value = self.operand_value(operand);
        let why = Why::Argument { callee: target.name.clone(), index, declared: target.declared };
        self.convert(value, param.ty, &why)
    }
}
