//! Declaration specifiers and declarators (C11 6.7.2, 6.7.6): from syntax to types.

use crate::attrs::Attrs;
use crate::checker::Checker;
use crate::expr::OperandKind;
use crate::hir::{FloatKind, FuncType, IntKind, QualType, Quals, Type, TypeId};
use crate::types_union;
use bpfc_base::codes::types::{E0303, E0304, E0307, E0311, E0315, E0320};
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ast::{self, DeclSpecs, Declarator, Derivation, TypeSpec};
use bpfc_parser::deferred::DeferredKind;

/// A declarator applied to its specifiers.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub ty: QualType,
    /// Parameters, if the declarator itself is that of a function.
    pub params: Option<Vec<ParamInfo>>,
    /// It ends in `()`, which says nothing of the parameters.
    pub is_unprototyped: bool,
}

/// A parameter of a function definition.
#[derive(Clone, Debug)]
pub(crate) struct ParamInfo {
    /// `btf_decl_tag`s.
    pub decl_tags: Vec<Symbol>,
    pub name: Option<(Symbol, Span)>,
    pub ty: QualType,
    pub span: Span,
    /// Where its type stands.
    pub type_span: Span,
    /// It need not be used.
    pub is_unused: bool,
}

/// The largest array, in bytes.
const MAX_ARRAY_BYTES: u64 = 1 << 40;

impl Checker<'_> {
    /// The type of declaration specifiers.
    pub fn specs_type(&mut self, specs: &DeclSpecs) -> QualType {
        let base = self.type_spec(specs);
        let mut ty = QualType { ty: base.ty, quals: types_union(base.quals, specs.quals) };
        if specs.quals.is_restrict && !self.is_pointer(ty.ty) && !self.is_error(ty.ty) {
            let shown = self.show(ty.ty);
            self.error(E0311, specs.span, format!("`restrict` is for pointers, not for `{shown}`"));
            ty.quals.is_restrict = false;
        }
        let attrs = self.type_attrs(specs);
        if let Some(bits) = attrs.mode_bits
            && let Some(kind) = self.module.types.int_kind(ty.ty)
        {
            ty.ty = self.int_type(Self::kind_of_mode(kind, bits));
        }
        if let Some(number) = attrs.address_space {
            ty.ty = self.in_address_space(ty.ty, number, specs.span);
        }
        for tag in attrs.type_tags {
            ty.ty = self.derive(Type::Tagged { inner: ty.ty, tag }, specs.span);
        }
        ty
    }

    /// The attributes among specifiers that belong to the type. All of them are read again
    /// with the declaration; unknown ones are reported there.
    fn type_attrs(&mut self, specs: &DeclSpecs) -> Attrs {
        let mut attrs = Attrs::default();
        for attribute in &specs.attrs {
            let is_of_type = matches!(
                &*self.name(attribute.name),
                "mode" | "btf_type_tag" | "vector_size" | "ext_vector_type" | "address_space"
            );
            if is_of_type {
                let one = self.attrs(&[std::slice::from_ref(attribute)]);
                attrs.mode_bits = attrs.mode_bits.or(one.mode_bits);
                attrs.address_space = attrs.address_space.or(one.address_space);
                attrs.type_tags.extend(one.type_tags);
            }
        }
        attrs
    }

    fn type_spec(&mut self, specs: &DeclSpecs) -> QualType {
        let common = self.common;
        let plain = match &specs.ty {
            TypeSpec::Void => common.void,
            TypeSpec::Bool => common.bool,
            TypeSpec::Char => common.char,
            TypeSpec::SChar => self.int_type(IntKind::SChar),
            TypeSpec::UChar => self.int_type(IntKind::UChar),
            TypeSpec::Short => self.int_type(IntKind::Short),
            TypeSpec::UShort => self.int_type(IntKind::UShort),
            TypeSpec::Int => common.int,
            TypeSpec::UInt => common.uint,
            TypeSpec::Long => common.long,
            TypeSpec::ULong => common.ulong,
            TypeSpec::LongLong => self.int_type(IntKind::LongLong),
            TypeSpec::ULongLong => self.int_type(IntKind::ULongLong),
            TypeSpec::Int128 => self.int_type(IntKind::Int128),
            TypeSpec::UInt128 => self.int_type(IntKind::UInt128),
            TypeSpec::Float => self.derive(Type::Float(FloatKind::Float), specs.span),
            TypeSpec::Double => common.double,
            TypeSpec::LongDouble => self.derive(Type::Float(FloatKind::LongDouble), specs.span),
            TypeSpec::Tag(tag) => self.tag_spec(*tag, &specs.attrs, false),
            TypeSpec::Typedef(name, span) => return self.typedef_name(*name, *span),
            TypeSpec::TypeofExpr(expr) => return self.typeof_expr(*expr),
            TypeSpec::TypeofType(ty) => return self.type_name(*ty),
            TypeSpec::TypeofUnqualExpr(expr) => {
                let ty = self.typeof_expr(*expr);
                return self.unqualified(ty);
            }
            TypeSpec::TypeofUnqualType(ty) => {
                let ty = self.type_name(*ty);
                return self.unqualified(ty);
            }
            TypeSpec::AutoType => {
                // Declarations with an initialiser take the type from there beforehand.
                let message = "`__auto_type` needs an initialiser to take the type from";
                self.error(E0311, specs.span, message);
                common.error
            }
            // As clang has it for BPF. There is no way to get at arguments through it.
            TypeSpec::VaList => common.void_ptr,
            TypeSpec::Error => common.error,
        };
        QualType::plain(plain)
    }

    fn typeof_expr(&mut self, expr: ast::ExprId) -> QualType {
        let operand = self.unevaluated(|this| this.expr(expr));
        if let OperandKind::Place(place) = operand.kind
            && self.bit_field(place).is_some()
        {
            self.error(E0304, operand.span, "a bit-field has no type that `typeof` could name");
            return QualType::plain(self.common.error);
        }
        self.operand_type(operand)
    }

    fn typedef_name(&mut self, name: Symbol, span: Span) -> QualType {
        if let Some(ty) = self.find_typedef(name) {
            return ty;
        }
        let error = QualType::plain(self.common.error);
        if let Some(decl) = self.scopes.find(name) {
            if !matches!(decl.entity, crate::scope::Entity::Error) {
                let text = self.name(name);
                self.report(
                    Diagnostic::new(E0315, span, format!("`{text}` is not a type"))
                        .with_note_at(decl.span, "it is declared here"),
                );
            }
            return error;
        }
        let text = self.name(name);
        let mut diagnostic = Diagnostic::new(E0315, span, format!("there is no type `{text}`"));
        let visible = self.scopes.visible(&self.session.names, |entity| {
            matches!(entity, crate::scope::Entity::Typedef(_))
        });
        let deferred = self.deferred_names(|kind| kind == DeferredKind::Typedef);
        let visible = visible.iter().chain(&deferred);
        if let Some(similar) = most_similar(&text, visible.map(String::as_str)) {
            diagnostic = crate::suggest(diagnostic, span, similar);
        } else if self.find_tag_type(name).is_some() {
            diagnostic = diagnostic.with_help(format!("write `struct {text}`"));
        }
        self.report(diagnostic);
        self.scopes.declare(name, crate::scope::Entity::Error, span);
        error
    }

    /// Applies `declarator` to `base`.
    pub fn declarator(&mut self, base: QualType, declarator: &Declarator) -> Declared {
        let mut declared = Declared { ty: base, params: None, is_unprototyped: false };
        for (idx, derivation) in declarator.derived.iter().enumerate().rev() {
            match derivation {
                Derivation::Pointer { quals, attrs } => {
                    let attrs = self.attrs(&[attrs]);
                    let span = declarator.span;
                    let mut ty = self.ptr_to(declared.ty, span);
                    if let Some(number) = attrs.address_space {
                        ty = self.in_address_space(ty, number, span);
                    }
                    for tag in attrs.type_tags {
                        ty = self.derive(Type::Tagged { inner: ty, tag }, span);
                    }
                    declared.ty = QualType { ty, quals: *quals };
                }
                Derivation::Array { size, span, .. } => {
                    declared.ty = self.array_type(declared.ty, *size, *span, idx == 0);
                }
                Derivation::Function { params, is_variadic, is_unprototyped, span } => {
                    let infos = self.parameters(params);
                    let rest = (*is_variadic, *is_unprototyped);
                    declared.ty = self.function_type(declared.ty, &infos, rest, *span);
                    if idx == 0 {
                        declared.params = Some(infos);
                        declared.is_unprototyped = *is_unprototyped;
                    }
                }
            }
        }
        declared
    }

    fn array_type(
        &mut self,
        elem: QualType,
        size: Option<ast::ExprId>,
        span: Span,
        is_outermost: bool,
    ) -> QualType {
        let error = QualType::plain(self.common.error);
        let len = match size {
            None if is_outermost => None,
            // `int a[][4]` is fine, `int a[4][]` is not: its elements are incomplete.
            None => None,
            Some(size) => {
                let at = self.unit.exprs[size].span;
                let n_reports = self.session.diagnostics.len();
                let outer = std::mem::replace(&mut self.wants_constant, true);
                let mut value = self.rvalue(size);
                self.wants_constant = outer;
                if self.is_in_params && n_reports == self.session.diagnostics.len() {
                    self.check_param_length(value, at);
                }
                if self.const_int(value).is_none()
                    && let Some(known) = self.folded_local(value)
                {
                    value = self.int(known, self.type_of(value), at);
                }
                let Some(len) = self.array_len(value, at) else {
                    return error;
                };
                Some(len)
            }
        };
        if self.is_error(elem.ty) {
            return error;
        }
        if self.is_func(elem.ty) || self.is_void(elem.ty) {
            let shown = self.show_qual(elem);
            self.error(E0311, span, format!("an array cannot hold elements of type `{shown}`"));
            return error;
        }
        if !self.complete(elem.ty) {
            let shown = self.show_qual(elem);
            let message = format!("an array's elements must be complete: `{shown}` is not");
            self.error(E0307, span, message);
            return error;
        }
        let bytes = self.module.types.size_of(elem.ty).unwrap_or(1);
        if len.is_some_and(|len| len.checked_mul(bytes).is_none_or(|n| n > MAX_ARRAY_BYTES)) {
            self.error(E0311, span, "this array is too large");
            return error;
        }
        QualType::plain(self.array_of(elem, len, span))
    }

    /// Other parameters have no values here, and stand for no mistake either.
    fn check_param_length(&mut self, value: crate::hir::ExprId, at: Span) {
        if self.is_poison(value) {
            self.error(E0320, at, "the length of an array must be a constant");
        }
    }

    fn array_len(&mut self, value: crate::hir::ExprId, span: Span) -> Option<u64> {
        if self.is_poison(value) {
            return None;
        }
        let is_integer = self.is_integer(self.type_of(value));
        if is_integer && self.const_int(value).is_none() && self.const_address_int(value).is_none()
        {
            if self.func.is_some() {
                let message = "the length of an array must be a constant: the stack has fixed size";
                self.error(E0320, span, message);
            } else {
                self.report_not_constant(value, span, "the length of an array");
            }
            return None;
        }
        let len = self.require_const(value, span, "the length of an array")?;
        match u64::try_from(len) {
            Ok(len) => Some(len),
            Err(_) => {
                self.error(E0311, span, format!("the length of an array cannot be {len}"));
                None
            }
        }
    }

    fn function_type(
        &mut self,
        ret: QualType,
        params: &[ParamInfo],
        (is_variadic, is_unprototyped): (bool, bool),
        span: Span,
    ) -> QualType {
        if self.is_error(ret.ty) {
            return QualType::plain(self.common.error);
        }
        if self.is_func(ret.ty) || self.is_array(ret.ty) {
            let shown = self.show_qual(ret);
            self.error(E0311, span, format!("a function cannot return `{shown}`"));
            return QualType::plain(self.common.error);
        }
        // C11 6.7.6.3p15: qualifiers of parameters are not part of the function's type.
        let params = params.iter().map(|param| QualType::plain(param.ty.ty)).collect();
        let ret = QualType { ty: ret.ty, quals: Quals::default() };
        let ty = FuncType { ret, params, is_variadic, is_unprototyped };
        QualType::plain(self.func_type(ty, span))
    }

    /// The parameters of a function declarator, in a scope of their own.
    fn parameters(&mut self, params: &[ast::Param]) -> Vec<ParamInfo> {
        self.scopes.enter();
        let is_inner = std::mem::replace(&mut self.is_in_params, true);
        let infos = params.iter().map(|param| self.parameter(param)).collect();
        self.is_in_params = is_inner;
        self.scopes.leave();
        infos
    }

    fn parameter(&mut self, param: &ast::Param) -> ParamInfo {
        let base = self.specs_type(&param.specs);
        let mut declarator = param.declarator.clone();
        // C11 6.7.6.3p7: an array becomes a pointer; its length is not looked at.
        let mut ty = if let Some(Derivation::Array { quals, .. }) = declarator.derived.first() {
            let quals = *quals;
            declarator.derived.remove(0);
            let elem = self.declarator(base, &declarator).ty;
            QualType { ty: self.ptr_to(elem, param.span), quals }
        } else {
            self.declarator(base, &declarator).ty
        };
        if let Some((elem, _)) = self.as_array(ty.ty) {
            let quals = types_union(elem.quals, self.all_quals(ty));
            ty = QualType::plain(self.ptr_to(QualType { ty: elem.ty, quals }, param.span));
        } else if self.is_func(ty.ty) {
            ty = QualType::plain(self.ptr_to(QualType::plain(ty.ty), param.span));
        }
        if self.is_void(ty.ty) {
            self.error(E0303, param.specs.span, "a parameter cannot have type `void`");
            ty = QualType::plain(self.common.error);
        }
        if let Some((storage, at)) = param.specs.storage
            && storage != ast::Storage::Register
        {
            self.error(E0311, at, "a parameter has no storage class");
        }
        if !param.specs.alignas.is_empty() {
            self.error(E0311, param.specs.span, "`_Alignas` cannot stand in a parameter");
        }
        let lists = [&param.attrs[..], &param.declarator.attrs, &param.specs.attrs];
        let is_unused = self.has_unused_attr(&lists);
        let decl_tags = self.attrs(&lists).decl_tags;
        let info = ParamInfo {
            decl_tags,
            is_unused,
            name: declarator.name,
            ty,
            span: declarator.name.map_or(param.span, |(_, span)| span),
            type_span: param.specs.span,
        };
        if let Some((name, span)) = info.name {
            // Later parameters may mention earlier ones, in array lengths that do not count.
            self.scopes.declare(name, crate::scope::Entity::Error, span);
        }
        info
    }

    /// The alignment of `ty` as declared: typedefs may ask for another than the type's own.
    pub fn declared_align(&self, mut ty: TypeId) -> u32 {
        loop {
            match self.module.types.get(ty) {
                Type::Typedef(id) => match self.typedef_aligns.get(id) {
                    Some(&align) => return align,
                    None => ty = self.module.types.typedefs[*id].ty.ty,
                },
                Type::Tagged { inner, .. } => ty = *inner,
                Type::Array { elem, .. } => ty = elem.ty,
                _ => return self.module.types.align_of(ty).unwrap_or(1),
            }
        }
    }
}
