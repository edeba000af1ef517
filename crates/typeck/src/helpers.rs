//! Kernel helpers as functions: their C types from the tables of the kernel's interface,
//! and what those tables say of arguments beyond C.

use crate::checker::Checker;
use crate::expr::{CallTarget, Operand, OperandKind};
use crate::hir::{
    Callee, ExprId, ExprKind, FuncType, GlobalKind, IntKind, PlaceKind, QualType, Quals, TypeId,
};
use bpfc_base::codes::bpf::E0402;
use bpfc_base::codes::types::E0312;
use bpfc_base::{Diagnostic, Edit, ExpnId, Span};
use bpfc_kabi::{ArgKind, CInt, CType, Helper};

/// RFC 9669 §4.3.1: arguments are passed in r1 to r5.
pub(crate) const MAX_ARGS: usize = 5;

impl Checker<'_> {
    /// The number of the helper `name`.
    pub fn find_helper(&self, name: &str) -> Option<u32> {
        bpfc_kabi::helper(name).map(|helper| helper.id)
    }

    /// The C type of helper `id`; of an unknown one, `int (void)`.
    pub fn helper_type(&mut self, id: u32, span: Span) -> TypeId {
        let Some(helper) = bpfc_kabi::helper_by_id(id) else {
            let ret = QualType::plain(self.common.int);
            let ty =
                FuncType { ret, params: Vec::new(), is_variadic: true, is_unprototyped: false };
            return self.func_type(ty, span);
        };
        let ty = self.helper_func_type(helper, span);
        self.func_type(ty, span)
    }

    fn helper_func_type(&mut self, helper: &'static Helper, span: Span) -> FuncType {
        let signature = helper.signature;
        let ret = QualType::plain(self.kabi_type(&signature.ret, span));
        let params = signature
            .params
            .iter()
            .map(|param| QualType::plain(self.kabi_type(&param.ty, span)))
            .collect();
        FuncType { ret, params, is_variadic: signature.is_variadic, is_unprototyped: false }
    }

    pub fn helper_target(&mut self, id: u32, span: Span) -> Option<CallTarget> {
        let helper = bpfc_kabi::helper_by_id(id)?;
        let ty = self.helper_func_type(helper, span);
        let name = helper.name.to_owned();
        Some(CallTarget { callee: Callee::Helper(id), ty, name, declared: Span::NONE })
    }

    /// The type of a table.
    pub fn kabi_type(&mut self, ty: &CType, span: Span) -> TypeId {
        match ty {
            CType::Void => self.common.void,
            CType::Int(int) => self.kabi_int(*int),
            CType::Struct(name) => {
                let name = self.session.intern(name);
                self.struct_by_name(name)
            }
            CType::Ptr { to, is_const } => {
                let ty = self.kabi_type(to, span);
                let quals = Quals { is_const: *is_const, ..Quals::default() };
                self.ptr_to(QualType { ty, quals }, span)
            }
            CType::Array { of, len } => {
                let elem = QualType::plain(self.kabi_type(of, span));
                self.array_of(elem, Some(u64::from(*len)), span)
            }
        }
    }

    /// An integer of a table: under its kernel name where the program knows that.
    fn kabi_int(&mut self, int: CInt) -> TypeId {
        let kind = match (int, int.size_bytes(), int.is_signed()) {
            (CInt::Char, ..) => IntKind::Char,
            (CInt::Long, ..) => IntKind::Long,
            (CInt::ULong, ..) => IntKind::ULong,
            (_, 1, true) => IntKind::SChar,
            (_, 1, false) => IntKind::UChar,
            (_, 2, true) => IntKind::Short,
            (_, 2, false) => IntKind::UShort,
            (_, 4, true) => IntKind::Int,
            (_, 4, false) => IntKind::UInt,
            (_, _, true) => IntKind::LongLong,
            (_, _, false) => IntKind::ULongLong,
        };
        if int.name().starts_with("__") {
            let name = self.session.intern(int.name());
            if let Some(ty) = self.find_typedef(name)
                && self.module.types.int_kind(ty.ty) == Some(kind)
            {
                return ty.ty;
            }
        }
        self.int_type(kind)
    }

    /// Whether parameter `index` of helper `id` is a map.
    pub fn is_map_param(&self, id: u32, index: usize) -> bool {
        let helper = bpfc_kabi::helper_by_id(id);
        let arg = helper.and_then(|helper| helper.proto.args.get(index));
        arg.is_some_and(|arg| arg.kind == ArgKind::ConstMapPtr)
    }

    /// A map as an argument.
    pub fn map_argument(
        &mut self,
        target: &CallTarget,
        index: usize,
        operand: Operand,
        to: TypeId,
    ) -> ExprId {
        let span = operand.span;
        if let OperandKind::Place(place) = operand.kind
            && self.record_of(self.body.places[place].ty.ty).is_some()
        {
            let ty = self.body.places[place].ty;
            return self.report_no_map(target, index, ty, span, self.is_map_place(place));
        }
        let value = self.operand_value(operand);
        if self.is_poison(value) {
            return value;
        }
        let ty = self.type_of(value);
        let is_map = match (self.pointee(ty), &self.body.exprs[value].kind) {
            (Some(_), ExprKind::AddrOf(place)) => {
                self.is_map_place(*place) || self.is_behind_pointer(*place)
            }
            (Some(to), _) => self.is_void(to.ty) || self.is_record(to.ty),
            (None, _) => false,
        };
        if !is_map {
            return self.report_no_map(target, index, QualType::plain(ty), span, false);
        }
        self.cast(value, to, span)
    }

    fn is_map_place(&self, place: crate::hir::PlaceId) -> bool {
        match self.body.places[place].kind {
            PlaceKind::Global(global) => {
                let global = &self.module.globals[global];
                matches!(global.kind, GlobalKind::Map(_) | GlobalKind::Ksym)
                    || global.section.is_some_and(|section| {
                        let section = self.session.name(section);
                        section == "maps" || section == ".maps" || section.starts_with("maps/")
                    })
            }
            // An inner map in a map's `values`, or an element of an array of maps.
            PlaceKind::Member { base, .. } | PlaceKind::Index { base, .. } => {
                self.is_map_place(base)
            }
            _ => false,
        }
    }

    fn is_behind_pointer(&self, place: crate::hir::PlaceId) -> bool {
        match self.body.places[place].kind {
            PlaceKind::Deref(_) => true,
            PlaceKind::Member { base, .. } | PlaceKind::Index { base, .. } => {
                self.is_behind_pointer(base)
            }
            _ => false,
        }
    }

    fn report_no_map(
        &mut self,
        target: &CallTarget,
        index: usize,
        ty: QualType,
        span: Span,
        needs_address: bool,
    ) -> ExprId {
        let shown = self.show_qual(ty);
        let message =
            format!("argument {} of `{}` is a map, found `{shown}`", index + 1, target.name);
        let mut diagnostic = Diagnostic::new(E0312, span, message);
        if needs_address && span.expn == ExpnId::ROOT {
            let edit = Edit { span: span.start(), replacement: "&".to_owned() };
            diagnostic = diagnostic.with_edit("pass the map's address with `&`", vec![edit]);
        }
        self.report(diagnostic);
        self.poison(span)
    }

    /// What the tables say of a helper's arguments beyond their C types.
    pub fn check_helper_arguments(&mut self, id: u32, target: &CallTarget, values: &[ExprId]) {
        if let Some(&sixth) = values.get(MAX_ARGS) {
            let at = self.span_of(sixth);
            self.report(
                Diagnostic::new(
                    E0402,
                    at,
                    format!(
                        "`{}` is called with {} arguments: BPF passes at most 5",
                        target.name,
                        values.len()
                    ),
                )
                .with_note("arguments are passed in the registers r1 to r5"),
            );
        }
        debug_assert!(matches!(target.callee, Callee::Helper(number) if number == id));
    }
}
