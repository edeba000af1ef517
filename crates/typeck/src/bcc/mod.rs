//! The dialect of BCC: tables with methods, programs named by their attach point, kernel
//! memory read through plain pointers.

use crate::checker::Checker;
use crate::hir::ExprId;
use bpfc_base::Span;
use bpfc_parser::ast;

impl Checker<'_> {
    /// `table.method(args)`, if that is what the call is.
    pub fn method_call(
        &mut self,
        _callee: ast::ExprId,
        _args: &[ast::ExprId],
        _span: Span,
    ) -> Option<ExprId> {
        None
    }
}
