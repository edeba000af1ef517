//! Expressions (C11 6.5). [`Checker::expr`] gives what an expression designates or is;
//! [`Checker::rvalue`] gives its value after the conversions of C11 6.3.2.1.

mod assign;
mod binary;
mod call;
mod cast;
mod conditional;
mod generic;
mod literal;
mod member;
mod primary;
mod sizeof;
mod unary;
mod unprototyped;

pub(crate) use binary::spell;
pub(crate) use call::CallTarget;
pub(crate) use unprototyped::LooseCall;

use crate::checker::Checker;
use crate::hir::{ExprId, ExprKind, FuncId, PlaceId, PlaceKind, QualType, Type, TypeId};
use bpfc_base::Span;
use bpfc_base::codes::types::{E0307, E0320, E0322};
use bpfc_base::similar::most_similar;
use bpfc_parser::ast;
use rustc_hash::FxHashMap;

/// Values of floating constants. They live beside the HIR, which has none.
pub(crate) type FloatTable = FxHashMap<ExprId, f64>;

/// What an expression is, before it is converted to a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand {
    pub kind: OperandKind,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum OperandKind {
    /// An object.
    Place(PlaceId),
    /// A value.
    Value(ExprId),
    /// A function.
    Func(FuncId),
    /// A kernel helper.
    Helper(u32),
}

impl Operand {
    pub fn value(expr: ExprId, span: Span) -> Self {
        Self { kind: OperandKind::Value(expr), span }
    }

    pub fn place(place: PlaceId, span: Span) -> Self {
        Self { kind: OperandKind::Place(place), span }
    }
}

impl Checker<'_> {
    /// Checks an expression.
    pub fn expr(&mut self, id: ast::ExprId) -> Operand {
        let span = self.unit.exprs[id].span;
        match self.deeper(span, |this| this.expr_kind(id)) {
            Some(operand) => operand,
            None => Operand::value(self.poison(span), span),
        }
    }

    /// Checks an expression and converts it to a value.
    pub fn rvalue(&mut self, id: ast::ExprId) -> ExprId {
        let operand = self.expr(id);
        self.operand_value(operand)
    }

    fn expr_kind(&mut self, id: ast::ExprId) -> Operand {
        use ast::ExprKind as A;
        let unit = self.unit;
        let ast::Expr { ref kind, span } = unit.exprs[id];
        let value = match kind {
            A::Name(name) => return self.name_expr(*name, span),
            A::Paren(inner) => return self.expr(*inner),
            A::Str(literal) => return self.string_expr(literal),
            A::Generic { control, assocs } => return self.generic_expr(*control, assocs, span),
            A::Index(base, index) => return self.index_expr(*base, *index, span),
            A::Member { base, member, member_span } => {
                return self.member_expr(*base, *member, *member_span, span);
            }
            A::Arrow { base, member, member_span } => {
                return self.arrow_expr(*base, *member, *member_span, span);
            }
            A::CompoundLiteral(ty, list) => return self.compound_literal(*ty, list, span),
            A::Unary(ast::UnaryOp::Deref, inner) => return self.deref_expr(*inner, span),
            A::Call(callee, args) => return self.call_expr(*callee, args, span),
            A::BuiltinWithTypes(name, args) => return self.builtin_with_types(*name, args, span),
            A::Int(literal) => self.int_literal(*literal, span),
            A::Float(value) => self.float_literal(*value, span),
            A::Char { value, prefix } => self.char_literal(*value, *prefix, span),
            A::StmtExpr(body) => self.stmt_expr(*body, span),
            A::Unary(op, inner) => self.unary_expr(*op, *inner, span),
            A::PostInc(inner) => self.inc_dec(*inner, 1, true, span),
            A::PostDec(inner) => self.inc_dec(*inner, -1, true, span),
            A::SizeofExpr(inner) => self.sizeof_expr(*inner, span),
            A::SizeofType(ty) => self.sizeof_type(*ty, span),
            A::AlignofExpr(inner) => self.alignof_expr(*inner, span),
            A::AlignofType(ty) => self.alignof_type(*ty, span),
            A::Cast(ty, inner) => self.cast_expr(*ty, *inner, span),
            A::Binary(op, left, right) => self.binary_expr(*op, *left, *right, span),
            A::Conditional(cond, then, other) => self.conditional_expr(*cond, *then, *other, span),
            A::Assign(op, left, right) => self.assign_expr(*op, *left, *right, span),
            A::Comma(left, right) => self.comma_expr(*left, *right, span),
            A::Offsetof(ty, path) => self.offsetof_expr(*ty, path, span),
            A::TypesCompatible(a, b) => self.types_compatible_expr(*a, *b, span),
            A::LabelAddr(_) => self.unsupported("the address of a label", span),
            A::VaArg(..) => self.variable_arguments("va_arg", span),
            A::Error => self.poison(span),
        };
        Operand::value(value, span)
    }

    fn unsupported(&mut self, what: &str, span: Span) -> ExprId {
        self.error(E0320, span, format!("{what} is not supported: BPF has no such thing"));
        self.poison(span)
    }

    /// Reports a use of `va_start` and its relatives (C11 7.16).
    pub fn variable_arguments(&mut self, name: &str, span: Span) -> ExprId {
        let message = format!("`{name}` has nothing to work on: BPF passes no variable arguments");
        self.error(E0322, span, message);
        self.poison(span)
    }

    /// C11 6.3.2.1: objects become their content, arrays and functions pointers.
    pub fn operand_value(&mut self, operand: Operand) -> ExprId {
        let span = operand.span;
        match operand.kind {
            OperandKind::Value(expr) => expr,
            OperandKind::Place(place) => self.place_value(place, span),
            OperandKind::Func(func) => {
                let ty = self.module.funcs[func].ty;
                let ptr = self.ptr_to(QualType::plain(ty), span);
                self.value(ExprKind::FuncAddr(func), ptr, span)
            }
            OperandKind::Helper(id) => {
                let ty = self.helper_type(id, span);
                let ptr = self.ptr_to(QualType::plain(ty), span);
                self.int(i128::from(id), ptr, span)
            }
        }
    }

    fn place_value(&mut self, place: PlaceId, span: Span) -> ExprId {
        let ty = self.body.places[place].ty;
        if matches!(self.body.places[place].kind, PlaceKind::Error) {
            return self.poison(span);
        }
        match *self.resolved(ty.ty) {
            Type::Array { elem, .. } => {
                let quals = crate::types_union(elem.quals, self.all_quals(ty));
                let ptr = self.ptr_to(QualType { ty: elem.ty, quals }, span);
                self.address_as(place, ptr, span)
            }
            Type::Func(_) => {
                let ptr = self.ptr_to(QualType::plain(ty.ty), span);
                self.address_as(place, ptr, span)
            }
            // `*p` of a `void *` is not a value, but is no error while nobody looks at it.
            Type::Void => {
                let address = self.address(place, span);
                self.value(ExprKind::Cast(address), self.common.void, span)
            }
            _ => {
                if !self.require_complete(ty.ty, span) {
                    return self.poison(span);
                }
                self.load(place)
            }
        }
    }

    /// The type that an operand has before it is converted.
    pub fn operand_type(&mut self, operand: Operand) -> QualType {
        match operand.kind {
            OperandKind::Place(place) => self.body.places[place].ty,
            OperandKind::Value(expr) => QualType::plain(self.type_of(expr)),
            OperandKind::Func(func) => QualType::plain(self.module.funcs[func].ty),
            OperandKind::Helper(id) => QualType::plain(self.helper_type(id, operand.span)),
        }
    }

    /// Makes sure that `ty` is complete, importing a kernel type's body where that helps.
    /// Reports, and returns false, if it is not.
    pub fn require_complete(&mut self, ty: TypeId, span: Span) -> bool {
        if self.is_error(ty) {
            return false;
        }
        if self.complete(ty) {
            return true;
        }
        let shown = self.show(ty);
        let mut diagnostic = bpfc_base::Diagnostic::new(
            E0307,
            span,
            format!("`{shown}` is incomplete: its definition is needed here"),
        );
        if let Some(record) = self.record_of(ty)
            && let crate::hir::Origin::Source(at) = self.module.types.records[record].origin
        {
            diagnostic = diagnostic.with_note_at(at, format!("`{shown}` is only declared here"));
            let name = self.module.types.records[record].name.map(|name| self.name(name));
            let tags = self.scopes.visible_tags(&self.session.names, |id| {
                self.module.types.records[id].body.is_some()
            });
            if let Some(name) = name
                && let Some(similar) = most_similar(&name, tags.iter().map(String::as_str))
            {
                diagnostic = diagnostic.with_help(format!("did you mean `{similar}`?"));
            }
        }
        self.report(diagnostic);
        false
    }

    /// Checks an expression whose value must be an integer constant.
    pub fn const_expr(&mut self, id: ast::ExprId, what: &str) -> Option<i128> {
        let outer = std::mem::replace(&mut self.wants_constant, true);
        let value = self.rvalue(id);
        self.wants_constant = outer;
        let span = self.unit.exprs[id].span;
        self.require_const(value, span, what)
    }

    /// The integer constant that `value` is; reported if it is none.
    pub fn require_const(&mut self, value: ExprId, span: Span, what: &str) -> Option<i128> {
        if self.is_poison(value) {
            return None;
        }
        if self.is_integer(self.type_of(value)) {
            if let Some(value) = self.const_int(value) {
                return Some(value);
            }
            if let Some(value) = self.const_address_int(value) {
                return Some(value);
            }
        }
        self.report_not_constant(value, span, what);
        None
    }
}
