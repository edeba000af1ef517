//! Visits every node of a body that can be reached from its root, parents first. Tables
//! also hold nodes that nothing refers to: operands that were folded or not evaluated.

use crate::hir::{
    AsmValue, Body, Callee, ExprId, ExprKind, InitValue, PlaceId, PlaceKind, StmtId, StmtKind,
};

/// A node of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// A value.
    Expr(ExprId),
    /// An object.
    Place(PlaceId),
    /// A statement.
    Stmt(StmtId),
}

/// Calls `visit` on every node of `body` that is in use, in source order.
pub fn walk(body: &Body, visit: impl FnMut(Node)) {
    walk_from(body, &body.root, visit);
}

/// [`walk`], of `stmts` and what is in them.
pub fn walk_from(body: &Body, stmts: &[StmtId], mut visit: impl FnMut(Node)) {
    let mut work: Vec<Node> = stmts.iter().rev().map(|&stmt| Node::Stmt(stmt)).collect();
    let mut children = Vec::new();
    while let Some(node) = work.pop() {
        visit(node);
        children.clear();
        match node {
            Node::Expr(id) => expr_children(body, id, &mut children),
            Node::Place(id) => place_children(body, id, &mut children),
            Node::Stmt(id) => stmt_children(body, id, &mut children),
        }
        work.extend(children.iter().rev());
    }
}

fn expr_children(body: &Body, id: ExprId, out: &mut Vec<Node>) {
    match &body.exprs[id].kind {
        ExprKind::Error | ExprKind::Int(_) | ExprKind::FuncAddr(_) | ExprKind::Core(_) => {}
        ExprKind::Load(place) | ExprKind::AddrOf(place) => out.push(Node::Place(*place)),
        ExprKind::IncDec { place, .. } => out.push(Node::Place(*place)),
        ExprKind::Cast(a) | ExprKind::Neg(a) | ExprKind::BitNot(a) | ExprKind::Not(a) => {
            out.push(Node::Expr(*a));
        }
        ExprKind::Binary(_, a, b)
        | ExprKind::Compare(_, a, b)
        | ExprKind::LogAnd(a, b)
        | ExprKind::LogOr(a, b)
        | ExprKind::Comma(a, b)
        | ExprKind::PtrAdd { ptr: a, index: b, .. }
        | ExprKind::PtrDiff { left: a, right: b, .. } => {
            out.extend([Node::Expr(*a), Node::Expr(*b)]);
        }
        ExprKind::Conditional { cond, then, otherwise } => {
            out.extend([Node::Expr(*cond), Node::Expr(*then), Node::Expr(*otherwise)]);
        }
        ExprKind::Assign { place, value }
        | ExprKind::AssignOp { place, value, .. }
        | ExprKind::AssignPtrAdd { place, index: value, .. } => {
            out.extend([Node::Place(*place), Node::Expr(*value)]);
        }
        ExprKind::Call { callee, args } => {
            if let Callee::Pointer(callee) = callee {
                out.push(Node::Expr(*callee));
            }
            out.extend(args.iter().map(|&arg| Node::Expr(arg)));
        }
        ExprKind::Builtin(_, args) => out.extend(args.iter().map(|&arg| Node::Expr(arg))),
        ExprKind::Atomic { ptr, operands, .. } => {
            out.push(Node::Expr(*ptr));
            out.extend(operands.iter().map(|&operand| Node::Expr(operand)));
        }
        ExprKind::StmtExpr { stmts, value } => {
            out.extend(stmts.iter().map(|&stmt| Node::Stmt(stmt)));
            out.extend(value.map(Node::Expr));
        }
    }
}

fn place_children(body: &Body, id: PlaceId, out: &mut Vec<Node>) {
    match body.places[id].kind {
        PlaceKind::Error | PlaceKind::Local(_) | PlaceKind::Global(_) => {}
        PlaceKind::Deref(ptr) => out.push(Node::Expr(ptr)),
        PlaceKind::Member { base, .. } => out.push(Node::Place(base)),
        PlaceKind::Index { base, index } => out.extend([Node::Place(base), Node::Expr(index)]),
        PlaceKind::Temp { init, .. } => out.push(Node::Stmt(init)),
    }
}

fn stmt_children(body: &Body, id: StmtId, out: &mut Vec<Node>) {
    match &body.stmts[id].kind {
        StmtKind::Expr(value) => out.push(Node::Expr(*value)),
        StmtKind::Init(_, init) => {
            out.extend(init.items.iter().filter_map(|item| match item.value {
                InitValue::Expr(value) => Some(Node::Expr(value)),
                InitValue::Bytes(_) => None,
            }));
        }
        StmtKind::Block(stmts) => out.extend(stmts.iter().map(|&stmt| Node::Stmt(stmt))),
        StmtKind::If { cond, then, otherwise } => {
            out.extend([Node::Expr(*cond), Node::Stmt(*then)]);
            out.extend(otherwise.map(Node::Stmt));
        }
        StmtKind::Loop { init, cond, step, body, .. } => {
            out.extend(init.map(Node::Stmt));
            out.extend(cond.map(Node::Expr));
            out.extend(step.map(Node::Expr));
            out.push(Node::Stmt(*body));
        }
        StmtKind::Switch { value, body, .. } => {
            out.extend([Node::Expr(*value), Node::Stmt(*body)]);
        }
        StmtKind::Return(value) => out.extend(value.map(Node::Expr)),
        StmtKind::Asm(asm) => {
            out.extend(asm.operands.iter().map(|operand| match operand.value {
                AsmValue::Output(place) | AsmValue::Object(place) => Node::Place(place),
                AsmValue::Value(value) => Node::Expr(value),
            }));
        }
        StmtKind::Declare(_)
        | StmtKind::Label(_)
        | StmtKind::Goto(_)
        | StmtKind::Break
        | StmtKind::Continue => {}
    }
}
