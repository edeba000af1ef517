//! Makes [`Valid`] of a module.
//!
//! Requires: [`check`](crate::check) ran on it. Ensures: no error was reported; in debug
//! builds also that every node in use is well-formed.

use crate::hir::{Body, ExprKind, Module, PlaceKind, Type, Valid};
use crate::walk::{Node, walk};
use bpfc_base::Session;

/// The proof that `module` may be compiled; `None` if an error was reported to `session`.
pub fn validate(session: &Session, module: Module) -> Option<Valid> {
    if session.diagnostics.has_errors() {
        return None;
    }
    if cfg!(debug_assertions) {
        for func in module.funcs.iter() {
            if let Some(body) = &func.body {
                validate_body(&module, body);
            }
        }
    }
    Some(Valid::new(module))
}

fn validate_body(module: &Module, body: &Body) {
    assert!(body.n_params <= body.locals.len(), "parameters are locals");
    walk(body, |node| match node {
        Node::Expr(id) => {
            let expr = &body.exprs[id];
            assert!(!matches!(expr.kind, ExprKind::Error), "{id}: an error that was not reported");
            let is_error = matches!(module.types.resolve(expr.ty), Type::Error);
            assert!(!is_error, "{id}: an error type that was not reported");
            if let ExprKind::Binary(op, a, b) = expr.kind {
                use crate::hir::BinaryOp::{Shl, Shr};
                let same = module.types.canonical(body.exprs[a].ty)
                    == module.types.canonical(body.exprs[b].ty);
                assert!(same || matches!(op, Shl | Shr), "{id}: operands of different types");
            }
            if let ExprKind::Int(value) = expr.kind
                && let Some(kind) = module.types.int_kind(expr.ty)
            {
                let wrapped = crate::fold::wrap_kind(value, kind);
                assert_eq!(value, wrapped, "{id}: outside the range of its type");
            }
        }
        Node::Place(id) => {
            let place = &body.places[id];
            assert!(
                !matches!(place.kind, PlaceKind::Error),
                "{id}: an error that was not reported"
            );
        }
        Node::Stmt(_) => {}
    });
}
