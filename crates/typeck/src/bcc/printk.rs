//! `bpf_trace_printk("format", …)` without the size that the helper wants.

use crate::checker::Checker;
use crate::expr::Operand;
use crate::hir::ExprId;
use bpfc_base::codes::bpf::E0402;
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ast;

/// Arguments behind the format: r1 and r2 hold the format and its size.
const MAX_PRINTED: usize = 3;

impl Checker<'_> {
    /// `bpf_trace_printk("format", …)`, if that is what the call is.
    pub fn trace_printk(
        &mut self,
        name: Symbol,
        args: &[ast::ExprId],
        span: Span,
    ) -> Option<ExprId> {
        if !self.is_bcc() || self.session.name(name) != "bpf_trace_printk" {
            return None;
        }
        let (&format, rest) = args.split_first()?;
        let unit = self.unit;
        let mut literal = format;
        while let ast::ExprKind::Paren(inner) = unit.exprs[literal].kind {
            literal = inner;
        }
        let ast::ExprKind::Str(literal) = &unit.exprs[literal].kind else {
            return None;
        };
        if let Some(&extra) = rest.get(MAX_PRINTED) {
            let at = unit.exprs[extra].span;
            let message = format!(
                "`bpf_trace_printk` prints at most 3 values, found {}",
                rest.len()
            );
            self.report(
                Diagnostic::new(E0402, at, message)
                    .with_note("the format and its size take two of the five arguments"),
            );
            return Some(self.poison(span));
        }
        let size = literal.units.len() as i128 + 1;
        let operand = self.string_expr(literal);
        let mut values = vec![self.operand_value(operand)];
        values.push(self.int(size, self.common.uint, span));
        let ulong = self.common.ulong;
        let mut extras = Vec::new();
        for &arg in rest {
            let operand: Operand = self.expr(arg);
            let value = self.promote(operand);
            let at = self.span_of(value);
            let is_scalar = self.is_scalar(self.type_of(value));
            extras.push(if is_scalar {
                self.cast(value, ulong, at)
            } else {
                self.poison(at)
            });
        }
        if extras.iter().any(|&value| self.is_poison(value)) {
            return Some(self.poison(span));
        }
        let call = self.call_helper("bpf_trace_printk", values, span);
        if let crate::hir::ExprKind::Call { args, .. } = &mut self.body.exprs[call].kind {
            args.extend(extras);
        }
        Some(call)
    }
}
