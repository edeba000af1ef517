//! Calls of functions that were declared without a prototype (`int f();`, C11 6.5.2.2p6).
//!
//! Their arguments are promoted and otherwise taken as they are. Whether they fit is seen at the
//! end of the unit, when a later declaration may have said what the function takes.

use super::{CallTarget, Operand};
use crate::checker::Checker;
use crate::hir::{Callee, ExprId, FuncId, FuncType, QualType, Type, TypeId};
use bpfc_base::codes::types::{E0306, E0311};
use bpfc_base::{Diagnostic, Span};

/// A call whose arguments nothing was said about.
#[derive(Clone, Debug)]
pub(crate) struct LooseCall {
    func: FuncId,
    /// The arguments: their types and where they stand.
    args: Vec<(TypeId, Span)>,
    span: Span,
}

impl Checker<'_> {
    /// The default argument promotions; what cannot be passed is reported.
    pub fn promoted_argument(&mut self, operand: Operand) -> ExprId {
        let span = operand.span;
        let value = self.promote(operand);
        let ty = self.type_of(value);
        if self.is_poison(value) {
            return value;
        }
        if self.is_float(ty) {
            self.float_error(span, span);
            return self.poison(span);
        }
        if self.is_void(ty) {
            self.error(E0311, span, "an argument cannot be `void`");
            return self.poison(span);
        }
        value
    }

    /// Remembers a call for [`Checker::check_loose_calls`].
    pub fn note_loose_call(&mut self, target: &CallTarget, args: &[ExprId], span: Span) {
        let Callee::Func(func) = target.callee else {
            return;
        };
        if target.ty.is_unprototyped {
            let args = args.iter().map(|&arg| (self.type_of(arg), self.span_of(arg))).collect();
            self.loose_calls.push(LooseCall { func, args, span });
        }
    }

    /// Compares calls with what the function turned out to take. If nothing ever said so, the
    /// first call did.
    pub fn check_loose_calls(&mut self) {
        for call in std::mem::take(&mut self.loose_calls) {
            let node = &self.module.funcs[call.func];
            let (name, declared) = (self.name(node.name).to_string(), node.span);
            let Some(ty) = self.as_func(node.ty).cloned() else {
                continue;
            };
            if ty.is_unprototyped {
                let params = call.args.iter().map(|&(ty, _)| QualType::plain(ty)).collect();
                let ty = FuncType { params, is_unprototyped: false, ..ty };
                self.module.funcs[call.func].ty = self.func_type(ty, declared);
                continue;
            }
            let (n_params, n_args) = (ty.params.len(), call.args.len());
            let (at, message) = if n_params != n_args {
                let plural = if n_params == 1 { "" } else { "s" };
                let message = format!("`{name}` takes {n_params} argument{plural}, found {n_args}");
                (call.span, message)
            } else {
                let mut pairs = ty.params.iter().zip(&call.args).enumerate();
                let Some((idx, (param, &(arg, at)))) =
                    pairs.find(|(_, (param, arg))| !self.is_passed_alike(param.ty, arg.0))
                else {
                    continue;
                };
                let (param, arg) = (self.show_qual(*param), self.show(arg));
                let nth = idx + 1;
                let message = format!("argument {nth} of `{name}` is a `{param}`, found `{arg}`");
                (at, message)
            };
            let text = format!("`{name}` is declared here");
            let report = Diagnostic::new(E0306, at, message).with_note_at(declared, text);
            self.report(report.with_help("declare the function with its parameters before"));
        }
    }

    /// C11 6.5.2.2p6: compatible after promotion, or of one size.
    fn is_passed_alike(&self, param: TypeId, arg: TypeId) -> bool {
        let is_scalar = |ty| self.is_integer(ty) || matches!(self.resolved(ty), Type::Ptr(_));
        let types = &self.module.types;
        self.compatible(param, arg)
            || is_scalar(param) && is_scalar(arg) && types.size_of(param) == types.size_of(arg)
    }
}
