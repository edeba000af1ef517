//! Results of helpers that nobody looks at though they tell of failure.

use super::{Lint, UPDATE};
use crate::hir::{Callee, ExprKind, StmtKind};
use crate::walk::{Node, walk};
use bpfc_base::Diagnostic;
use bpfc_base::codes::verifier::{W0702, W0703};

/// `bpf_probe_read` (Linux 4.1), `bpf_probe_read_str` (4.11), and those of user and kernel memory (5.5).
const PROBE_READS: [u32; 6] = [4, 45, 112, 113, 114, 115];

/// Reports calls whose result is dropped. A conversion to `void` says that this is meant.
pub(super) fn check(lint: &mut Lint<'_>) {
    let mut found = Vec::new();
    walk(lint.body, |node| {
        let Node::Stmt(id) = node else { return };
        let StmtKind::Expr(value) = lint.body.stmts[id].kind else { return };
        let expr = &lint.body.exprs[value];
        let ExprKind::Call { callee: Callee::Helper(helper), .. } = expr.kind else { return };
        if lint.is_of_system(expr.span) {
            return;
        }
        let name = bpfc_kabi::helper_by_id(helper).map_or("", |helper| helper.name);
        if PROBE_READS.contains(&helper) {
            let message = format!("nobody looks whether `{name}` could read");
            found.push(
                Diagnostic::new(W0702, expr.span, message)
                    .with_note("where it fails, the destination is filled with zeros")
                    .with_help("compare the result with 0, or convert it to `void`"),
            );
        } else if helper == UPDATE {
            let message = "nobody looks whether the map took the element";
            found.push(
                Diagnostic::new(W0703, expr.span, message)
                    .with_note("a map may be full, and an element may be there already")
                    .with_help("compare the result with 0, or convert it to `void`"),
            );
        }
    });
    found.into_iter().for_each(|diagnostic| lint.session.report(diagnostic));
}
