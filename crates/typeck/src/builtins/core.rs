//! CO-RE: questions to the running kernel's types.

use super::BuiltinCall;
use crate::checker::Checker;
use crate::expr::{Operand, OperandKind};
use crate::hir::{
    CoreKind, CoreQuery, ExprId, ExprKind, IntKind, PlaceId, PlaceKind, Type, TypeId,
};
use bpfc_base::Span;
use bpfc_base::codes::btf::E0603;
use bpfc_parser::ast;

impl Checker<'_> {
    /// `__builtin_preserve_access_index(expr)`: the accesses inside are relocatable.
    pub fn preserve_access_index(&mut self, call: &BuiltinCall<'_>) -> Operand {
        let &[arg] = call.args else {
            self.wrong_count::<()>(call, 1);
            return Operand::value(self.poison(call.span), call.span);
        };
        self.n_preserved += 1;
        let operand = self.expr(arg);
        self.n_preserved -= 1;
        let value = self.operand_value(operand);
        Operand::value(value, call.span)
    }

    /// The two arguments of a query: what it is about, and the constant that selects it.
    fn query_args(&mut self, call: &BuiltinCall<'_>) -> Option<(ast::ExprId, i128)> {
        let &[subject, kind] = call.args else {
            return self.wrong_count(call, 2);
        };
        let kind = self.const_expr(kind, "the kind of a CO-RE query")?;
        Some((subject, kind))
    }

    fn query(&mut self, query: CoreQuery, ty: TypeId, span: Span) -> ExprId {
        self.value(ExprKind::Core(query), ty, span)
    }

    fn bad_query(&mut self, call: &BuiltinCall<'_>, at: Span, message: &str) -> ExprId {
        self.error(E0603, at, format!("`{}` {message}", call.name));
        self.poison(call.span)
    }

    /// `__builtin_preserve_field_info(place, kind)`; kinds as `enum bpf_field_info_kind` of
    /// libbpf's `bpf_core_read.h`.
    pub fn preserve_field_info(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let Some((subject, kind)) = self.query_args(call) else {
            return self.poison(call.span);
        };
        let kind = match kind {
            0 => CoreKind::FieldByteOffset,
            1 => CoreKind::FieldByteSize,
            2 => CoreKind::FieldExists,
            3 => CoreKind::FieldSigned,
            4 => CoreKind::FieldLshiftU64,
            5 => CoreKind::FieldRshiftU64,
            _ => return self.bad_query(call, call.span, "knows the kinds 0 to 5"),
        };
        let operand = self.unevaluated(|this| this.expr(subject));
        let place = match operand.kind {
            OperandKind::Place(place) => Some(place),
            // An array member has become a pointer to its first element.
            OperandKind::Value(value) => match self.body.exprs[value].kind {
                ExprKind::AddrOf(place) | ExprKind::Load(place) => Some(place),
                ExprKind::Error => return self.poison(call.span),
                _ => None,
            },
            _ => None,
        };
        let mut path = Vec::new();
        let root = place.and_then(|place| self.access_path(place, &mut path));
        match root {
            Some(ty) => {
                let uint = self.common.uint;
                self.query(CoreQuery { kind, ty, path }, uint, call.span)
            }
            None if place.is_some_and(|p| self.is_error(self.body.places[p].ty.ty)) => {
                self.poison(call.span)
            }
            None => self.bad_query(call, operand.span, "needs a member of a struct or union"),
        }
    }

    /// Steps from the root of an access to `place`: the root's type, and the indices from
    /// it, the first one being that of the root among its neighbours.
    pub fn access_path(&self, place: PlaceId, path: &mut Vec<u32>) -> Option<TypeId> {
        let node = &self.body.places[place];
        match node.kind {
            PlaceKind::Member { base, member, .. } => {
                let root = self.access_path(base, path)?;
                path.push(member);
                Some(root)
            }
            PlaceKind::Index { base, index } => {
                let root = self.access_path(base, path)?;
                path.push(u32::try_from(self.const_int(index)?).ok()?);
                Some(root)
            }
            PlaceKind::Deref(ptr) => {
                // `p[2].member` hangs on the third record behind `p`.
                let step = match self.body.exprs[ptr].kind {
                    ExprKind::PtrAdd { index, .. } => u32::try_from(self.const_int(index)?).ok()?,
                    _ => 0,
                };
                path.push(step);
                Some(node.ty.ty)
            }
            PlaceKind::Local(_) | PlaceKind::Global(_) | PlaceKind::Temp { .. } => {
                path.push(0);
                Some(node.ty.ty)
            }
            PlaceKind::Error => None,
        }
    }

    /// `__builtin_preserve_type_info(*(type *)0, kind)`
    pub fn preserve_type_info(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let Some((subject, kind)) = self.query_args(call) else {
            return self.poison(call.span);
        };
        let kind = match kind {
            0 => CoreKind::TypeExists,
            1 => CoreKind::TypeSize,
            2 => CoreKind::TypeMatches,
            _ => return self.bad_query(call, call.span, "knows the kinds 0 to 2"),
        };
        self.type_query(kind, subject, call)
    }

    /// `__builtin_btf_type_id(*(type *)0, kind)`
    pub fn btf_type_id(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let Some((subject, kind)) = self.query_args(call) else {
            return self.poison(call.span);
        };
        let kind = match kind {
            0 => CoreKind::TypeIdLocal,
            1 => CoreKind::TypeIdTarget,
            _ => return self.bad_query(call, call.span, "knows the kinds 0 and 1"),
        };
        self.type_query(kind, subject, call)
    }

    fn type_query(
        &mut self,
        kind: CoreKind,
        subject: ast::ExprId,
        call: &BuiltinCall<'_>,
    ) -> ExprId {
        let operand = self.unevaluated(|this| this.expr(subject));
        let ty = self.operand_type(operand).ty;
        if self.is_error(ty) {
            return self.poison(call.span);
        }
        let ulong = self.common.uint;
        self.complete(ty);
        self.query(CoreQuery { kind, ty, path: Vec::new() }, ulong, call.span)
    }

    /// `__builtin_preserve_enum_value(*(enum e *)ENUMERATOR, kind)`
    pub fn preserve_enum_value(&mut self, call: &BuiltinCall<'_>) -> ExprId {
        let Some((subject, kind)) = self.query_args(call) else {
            return self.poison(call.span);
        };
        let kind = match kind {
            0 => CoreKind::EnumvalExists,
            1 => CoreKind::EnumvalValue,
            _ => return self.bad_query(call, call.span, "knows the kinds 0 and 1"),
        };
        let at = self.unit.exprs[subject].span;
        let operand = self.unevaluated(|this| this.expr(subject));
        let ty = self.operand_type(operand).ty;
        if self.is_error(ty) {
            return self.poison(call.span);
        }
        let Type::Enum(id) = *self.resolved(ty) else {
            return self.bad_query(call, at, "needs an enumeration");
        };
        let by_name = self.enumerator_name(subject);
        let by_value = match operand.kind {
            OperandKind::Place(place) => match self.body.places[place].kind {
                PlaceKind::Deref(ptr) => self.const_int(ptr),
                _ => None,
            },
            _ => None,
        };
        let repr = self.module.types.enums[id].repr.unwrap_or(IntKind::UInt);
        let wrapped = by_value.map(|value| crate::fold::wrap_kind(value, repr));
        let found =
            self.module.types.enums[id].enumerators.iter().position(
                |(name, value)| match by_name {
                    Some(wanted) => wanted == *name,
                    None => Some(*value) == wrapped,
                },
            );
        match found {
            Some(index) => {
                let path = vec![index as u32];
                let ulong = self.common.ulong;
                self.query(CoreQuery { kind, ty, path }, ulong, call.span)
            }
            None => self.bad_query(call, at, "needs one of the enumeration's own constants"),
        }
    }

    /// The enumerator's name in `*(enum e *)NAME`.
    fn enumerator_name(&self, mut expr: ast::ExprId) -> Option<bpfc_base::Symbol> {
        loop {
            match self.unit.exprs[expr].kind {
                ast::ExprKind::Paren(inner)
                | ast::ExprKind::Cast(_, inner)
                | ast::ExprKind::Unary(ast::UnaryOp::Deref, inner) => expr = inner,
                ast::ExprKind::Name(name) => return Some(name),
                _ => return None,
            }
        }
    }
}
