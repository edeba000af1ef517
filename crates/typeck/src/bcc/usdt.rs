//! Arguments of markers: `bpf_usdt_readarg(N, ctx, &value)` calls the function that the
//! driver has written for argument N of the marker which this function handles,
//! `__bpf_usdt_FUNCTION_N(ctx, to, size)`.

use crate::checker::Checker;
use crate::hir::{Callee, ExprId, ExprKind, FuncId, IntKind};
use crate::scope::Entity;
use bpfc_base::codes::bcc::{E0506, E0507};
use bpfc_base::codes::types::E0306;
use bpfc_base::{Diagnostic, Span};
use bpfc_parser::ast;

impl Checker<'_> {
    /// `bpf_usdt_readarg(index, ctx, &value)`
    pub(super) fn usdt_argument(
        &mut self,
        callee: ast::ExprId,
        args: &[ast::ExprId],
        span: Span,
    ) -> ExprId {
        let values = self.usdt_values(args);
        let &[_, ctx, to] = &values[..] else {
            return self.usdt_count(callee, 3, span);
        };
        let Some(reader) = self.usdt_reader(callee, args, &values) else {
            return self.poison(span);
        };
        let size = self.pointee(self.type_of(to)).and_then(|to| self.module.types.size_of(to.ty));
        let size = self.usdt_number(i128::from(size.unwrap_or(8)), span);
        self.usdt_call(reader, vec![ctx, to, size], span)
    }

    /// `bpf_usdt_readarg_p(index, ctx, &buffer, size)`: what the argument points to.
    pub(super) fn usdt_memory(
        &mut self,
        callee: ast::ExprId,
        args: &[ast::ExprId],
        span: Span,
    ) -> ExprId {
        let values = self.usdt_values(args);
        let &[_, ctx, to, size] = &values[..] else {
            return self.usdt_count(callee, 4, span);
        };
        let Some(reader) = self.usdt_reader(callee, args, &values) else {
            return self.poison(span);
        };
        let ty = self.int_type(IntKind::ULongLong);
        let (address, init) = self.zeroed_temporary(ty, span);
        let address_ptr = self.local_address(address, span);
        let bytes = self.usdt_number(8, span);
        let read = self.usdt_call(reader, vec![ctx, address_ptr, bytes], span);
        let read = self.statement(crate::hir::StmtKind::Expr(read), span);
        let from = self.local(address, span);
        let Some(helper) = bpfc_kabi::helper("bpf_probe_read_user") else {
            return self.poison(span);
        };
        let void = self.ptr_to(crate::hir::QualType::plain(self.common.void), span);
        let to = self.cast(to, void, span);
        let from = self.cast(from, void, span);
        let copy = self.helper_call(helper, vec![to, size, from], span);
        self.statements_then(vec![init, read], Some(copy), span)
    }

    fn usdt_values(&mut self, args: &[ast::ExprId]) -> Vec<ExprId> {
        args.iter().map(|&arg| self.rvalue(arg)).collect()
    }

    fn usdt_count(&mut self, callee: ast::ExprId, expected: usize, span: Span) -> ExprId {
        let at = self.unit.exprs[callee].span;
        self.error(E0306, at, format!("this function takes {expected} arguments"));
        self.poison(span)
    }

    /// The function that reads the argument whose number is `values[0]`.
    fn usdt_reader(
        &mut self,
        callee: ast::ExprId,
        args: &[ast::ExprId],
        values: &[ExprId],
    ) -> Option<FuncId> {
        if values.iter().any(|&value| self.is_poison(value)) {
            return None;
        }
        let index_span = self.unit.exprs[args[0]].span;
        let index = self.require_const(values[0], index_span, "the number of an argument")?;
        let function = self.func.as_ref().map(|func| self.module.funcs[func.id].name)?;
        let function = self.name(function).to_string();
        if let Some(found) = self.usdt_function(&function, index) {
            return Some(found);
        }
        let diagnostic = if self.usdt_function(&function, 1).is_some() {
            let message = format!("the probe of `{function}` has no argument {index}");
            Diagnostic::new(E0507, index_span, message).with_note("arguments are counted from 1")
        } else {
            let at = self.unit.exprs[callee].span;
            let message = format!("which probe `{function}` handles is not known");
            Diagnostic::new(E0506, at, message)
                .with_note("where its arguments are is written in the traced binary")
                .with_help(format!("say so, with `--usdt {function}=BINARY:PROVIDER:NAME`"))
        };
        self.report(diagnostic);
        None
    }

    fn usdt_function(&mut self, function: &str, index: i128) -> Option<FuncId> {
        let name = self.session.intern(&format!("__bpf_usdt_{function}_{index}"));
        match self.scopes.find(name)?.entity {
            Entity::Func(func) => Some(func),
            _ => None,
        }
    }

    fn usdt_number(&mut self, value: i128, span: Span) -> ExprId {
        let ty = self.int_type(IntKind::ULongLong);
        self.int(value, ty, span)
    }

    fn usdt_call(&mut self, func: FuncId, args: Vec<ExprId>, span: Span) -> ExprId {
        self.call_func(func, args, span)
    }

    /// A call of a function of the dialect's own headers; arguments are cast to its parameters.
    pub(super) fn call_func(&mut self, func: FuncId, args: Vec<ExprId>, span: Span) -> ExprId {
        let Some(ty) = self.as_func(self.module.funcs[func].ty).cloned() else {
            return self.poison(span);
        };
        let params = args.into_iter().zip(&ty.params);
        let args: Vec<ExprId> = params.map(|(arg, to)| self.cast(arg, to.ty, span)).collect();
        if args.len() != ty.params.len() || args.iter().any(|&arg| self.is_poison(arg)) {
            return self.poison(span);
        }
        let call = ExprKind::Call { callee: Callee::Func(func), args };
        self.value(call, ty.ret.ty, span)
    }
}
