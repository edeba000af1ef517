//! Functions that BCC's compiler treats by itself.

use crate::checker::Checker;
use crate::helpers::MAX_ARGS;
use crate::hir::{ExprId, ExprKind};
use bpfc_base::codes::bcc::E0505;
use bpfc_base::codes::bpf::E0402;
use bpfc_base::{Diagnostic, Span};
use bpfc_parser::ast;

/// What cannot be had, and why.
const UNSUPPORTED: &[(&str, &str)] = &[
    (
        "bpf_num_cpus",
        "how many CPUs there are is known where the program runs, not where it is compiled",
    ),
    (
        "bpf_usdt_readarg",
        "where a probe's arguments are is written in the traced binary, which is not known here",
    ),
    (
        "bpf_usdt_readarg_p",
        "where a probe's arguments are is written in the traced binary, which is not known here",
    ),
    (
        "cursor_advance",
        "use the structs of `<linux/if_ether.h>` and `<linux/ip.h>` with `skb->data`, or `load_byte`",
    ),
];

impl Checker<'_> {
    /// A call of a function that the dialect gives a meaning of its own, if it is one.
    pub(super) fn dialect_function(
        &mut self,
        callee: ast::ExprId,
        args: &[ast::ExprId],
        span: Span,
    ) -> Option<ExprId> {
        let name = self.plain_name(callee)?;
        let name = self.name(name);
        if &*name == "bpf_trace_printk" {
            return self.trace_printk(args, span);
        }
        let (name, reason) = UNSUPPORTED.iter().find(|(known, _)| *known == &*name)?;
        for &arg in args {
            self.rvalue(arg);
        }
        let at = self.unit.exprs[callee].span;
        let message = format!("`{name}` is not supported");
        self.report(Diagnostic::new(E0505, at, message).with_note(*reason));
        Some(self.poison(span))
    }

    /// `bpf_trace_printk("format", args)`: the helper also wants the format's size. With
    /// a format that is no literal, the call is one of the helper.
    fn trace_printk(&mut self, args: &[ast::ExprId], span: Span) -> Option<ExprId> {
        let (&format, rest) = args.split_first()?;
        let unit = self.unit;
        let ast::ExprKind::Str(literal) = &unit.exprs[self.without_parens(format)].kind else {
            return None;
        };
        let target = self.helper_target(self.find_helper("bpf_trace_printk")?, span)?;
        let format_span = literal.span;
        let operand = self.string_expr(literal);
        let text = self.operand_value(operand);
        let n_bytes = literal.units.len() as i128 + 1;
        let [format_ty, size_ty] = target.ty.params[..] else {
            return None;
        };
        let text = self.cast(text, format_ty.ty, format_span);
        let mut values = vec![text, self.int(n_bytes, size_ty.ty, format_span)];
        for &arg in rest {
            let operand = self.expr(arg);
            values.push(self.promote(operand));
        }
        if values.iter().any(|&value| self.is_poison(value)) {
            return Some(self.poison(span));
        }
        if let Some(&fourth) = values.get(MAX_ARGS) {
            let at = self.span_of(fourth);
            let message = "`bpf_trace_printk` prints at most 3 values";
            let diagnostic = Diagnostic::new(E0402, at, message);
            self.report(diagnostic.with_help("print the rest with another call"));
            return Some(self.poison(span));
        }
        let call = ExprKind::Call { callee: target.callee, args: values };
        Some(self.value(call, target.ty.ret.ty, span))
    }

    fn without_parens(&self, mut expr: ast::ExprId) -> ast::ExprId {
        while let ast::ExprKind::Paren(inner) = self.unit.exprs[expr].kind {
            expr = inner;
        }
        expr
    }
}
