//! Functions that BCC's compiler treats by itself.

use crate::Endian;
use crate::checker::Checker;
use crate::helpers::MAX_ARGS;
use crate::hir::{BinaryOp, Builtin, ExprId, ExprKind, IntKind};
use bpfc_base::codes::bcc::E0505;
use bpfc_base::codes::bpf::E0402;
use bpfc_base::{Diagnostic, Span};
use bpfc_parser::ast;

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
        match &*name {
            "bpf_trace_printk" => self.trace_printk(args, span),
            "bpf_usdt_readarg" => Some(self.usdt_argument(callee, args, span)),
            "bpf_usdt_readarg_p" => Some(self.usdt_memory(callee, args, span)),
            "bpf_num_cpus" => Some(self.num_cpus(callee, span)),
            "incr_cksum_l3" => self.checksum("bpf_l3_csum_replace", args, span),
            "incr_cksum_l4" => self.checksum("bpf_l4_csum_replace", args, span),
            _ => None,
        }
    }

    /// `bpf_num_cpus()` is a constant.
    fn num_cpus(&mut self, callee: ast::ExprId, span: Span) -> ExprId {
        if let Some(n_cpus) = self.options.n_cpus {
            return self.int(i128::from(n_cpus), self.common.int, span);
        }
        let at = self.unit.exprs[callee].span;
        let message = "how many CPUs the program will run on is not known";
        self.report(
            Diagnostic::new(E0505, at, message).with_help("say so, with `--num-cpus NUMBER`"),
        );
        self.poison(span)
    }

    /// `incr_cksum_l3(&ip->hchecksum, old, new)`, `incr_cksum_l4(&tcp->cksum, old, new, is_pseudo)`:
    /// updates a checksum in the packet of the function's first parameter.
    fn checksum(&mut self, helper: &str, args: &[ast::ExprId], span: Span) -> Option<ExprId> {
        let values: Vec<ExprId> = args.iter().map(|&arg| self.rvalue(arg)).collect();
        let (&[at, old, new], pseudo) = values.split_first_chunk::<3>()?;
        let pseudo = match pseudo {
            [] => None,
            [pseudo] => Some(*pseudo),
            _ => return None,
        };
        if values.iter().any(|&value| self.is_poison(value)) {
            return Some(self.poison(span));
        }
        let number = self.int_type(IntKind::ULongLong);
        let size = self.module.types.size_of(self.type_of(new)).unwrap_or(0);
        let mut flags = self.int(i128::from(size), number, span);
        if let Some(pseudo) = pseudo {
            let pseudo = self.cast(pseudo, number, span);
            let (one, four) = (self.int(1, number, span), self.int(4, number, span));
            let bit = self.arith(BinaryOp::And, pseudo, one, number, span);
            let bit = self.arith(BinaryOp::Shl, bit, four, number, span);
            flags = self.arith(BinaryOp::Or, flags, bit, number, span);
        }
        let Some(packet) = self.packet_of_function(span) else {
            return Some(self.poison(span));
        };
        let at = self.cast(at, number, span);
        let old = self.network_order(old, size, span);
        let new = self.network_order(new, size, span);
        let helper = bpfc_kabi::helper(helper)?;
        Some(self.helper_call(helper, vec![packet, at, old, new, flags], span))
    }

    /// A number of the host as the `n_bytes` that stand for it in packets, which is what sums are about.
    fn network_order(&mut self, value: ExprId, n_bytes: u64, span: Span) -> ExprId {
        let number = self.int_type(IntKind::ULongLong);
        let kind = match n_bytes {
            2 => IntKind::UShort,
            4 => IntKind::UInt,
            8 => IntKind::ULongLong,
            _ => return self.cast(value, number, span),
        };
        let ty = self.int_type(kind);
        let mut value = self.cast(value, ty, span);
        if self.options.endian == Endian::Little {
            value = self.value(ExprKind::Builtin(Builtin::Bswap, vec![value]), ty, span);
        }
        self.cast(value, number, span)
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
