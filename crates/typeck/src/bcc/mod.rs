//! The dialect of BCC: tables with methods, programs named by their attach point, kernel
//! memory read through plain pointers.
//!
//! While C is checked, [`tables`] makes maps of tables, [`methods`] makes helper calls of
//! their methods, [`functions`] and [`usdt`] treat what BCC's compiler answers itself. When a
//! whole module is known, [`packets`] reads and writes members of packet headers, [`programs`] gives programs their sections and parameters, [`spaces`]
//! finds the pointers to kernel memory, and [`reads`] makes helper calls of what is read
//! through them. What comes out is plain HIR: nothing behind the check knows of the dialect.

mod compound;
mod formats;
mod functions;
mod license;
mod methods;
mod packets;
mod params;
mod programs;
mod reads;
mod spaces;
mod strings;
mod syscalls;
mod tables;
mod tracepoints;
mod usdt;

pub(crate) use tables::TABLE_SECTION;

use crate::Dialect;
use crate::checker::Checker;
use crate::hir::ExprId;
use bpfc_base::Span;
use bpfc_parser::ast;

impl Checker<'_> {
    /// Whether the source is in the dialect.
    pub fn is_bcc(&self) -> bool {
        self.options.dialect == Dialect::Bcc
    }

    /// `table.method(args)` or another call that the dialect gives a meaning of its own, if
    /// that is what the call is.
    pub(crate) fn method_call(
        &mut self,
        callee: ast::ExprId,
        args: &[ast::ExprId],
        span: Span,
    ) -> Option<ExprId> {
        if !self.is_bcc() {
            return None;
        }
        self.table_method(callee, args, span).or_else(|| self.dialect_function(callee, args, span))
    }

    /// Makes plain HIR of the module.
    ///
    /// Requires: all functions are checked.
    /// Ensures: programs have sections and one parameter; kernel memory is read by helpers.
    pub(crate) fn desugar(&mut self) {
        self.add_license();
        self.pad_literals();
        self.access_packets();
        let mut programs = self.find_programs();
        self.read_params(&mut programs);
        self.read_kernel_memory(&programs);
    }
}
