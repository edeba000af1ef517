//! Declarations (C11 6.7, 6.9): typedefs, variables, and what leads to functions.

use crate::attrs::{Attrs, string_text};
use crate::checker::Checker;
use crate::hir::{
    GlobalId, Init, InitItem, InitValue, Linkage, Local, LocalId, Origin, QualType, StmtId,
    StmtKind, Type, TypeId, Typedef,
};
use crate::scope::{Decl, Entity};
use crate::types_union;
use bpfc_base::codes::bpf::E0404;
use bpfc_base::codes::types::{E0307, E0308, E0311, E0316, E0320};
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ast::{
    Alignas, DeclSpecs, Declaration, ExprId, InitDeclarator, Initializer, Storage, StrLit, TypeSpec,
};

/// A declared name with all that was said about it.
#[derive(Clone, Debug)]
pub(crate) struct NewName<'u> {
    pub name: Symbol,
    /// The name in its declarator.
    pub span: Span,
    pub ty: QualType,
    pub storage: Option<Storage>,
    pub attrs: Attrs,
    pub is_inline: bool,
    /// `_Alignas` and `aligned`, in bytes.
    pub align: Option<u32>,
    pub init: Option<&'u Initializer>,
    /// `asm("…")` behind the declarator.
    pub asm_label: Option<&'u StrLit>,
    /// The specifiers: where the type stands.
    pub specs_span: Span,
    pub is_unprototyped: bool,
}

impl<'a> Checker<'a> {
    /// Checks a declaration. In a function, statements that it amounts to go to `out`.
    pub fn declaration(&mut self, declaration: &'a Declaration, out: &mut Vec<StmtId>) {
        match declaration {
            Declaration::StaticAssert { cond, message, span } => {
                self.static_assert(*cond, message.as_ref(), *span);
            }
            Declaration::Names { specs, declarators, .. } => {
                if declarators.is_empty() {
                    self.lone_specs(specs);
                    return;
                }
                if matches!(specs.ty, TypeSpec::AutoType) {
                    for declarator in declarators {
                        self.auto_type(specs, declarator, out);
                    }
                    return;
                }
                let base = self.specs_type(specs);
                for declarator in declarators {
                    self.init_declarator(base, specs, declarator, out);
                }
            }
        }
    }

    /// A declaration without declarators: a tag, or nothing.
    fn lone_specs(&mut self, specs: &DeclSpecs) {
        match specs.ty {
            TypeSpec::Tag(tag) => {
                let is_lone = self.unit.tag_specs[tag].body.is_none() && specs.storage.is_none();
                self.tag_spec(tag, &specs.attrs, is_lone);
            }
            _ => {
                self.specs_type(specs);
            }
        }
    }

    fn init_declarator(
        &mut self,
        base: QualType,
        specs: &'a DeclSpecs,
        it: &'a InitDeclarator,
        out: &mut Vec<StmtId>,
    ) {
        let declared = self.declarator(base, &it.declarator);
        let Some((name, span)) = it.declarator.name else {
            return;
        };
        let attrs = self.attrs(&[&specs.attrs, &it.declarator.attrs, &it.attrs]);
        let mut ty = declared.ty;
        if let (Some(bits), Some(kind)) = (attrs.mode_bits, self.module.types.int_kind(ty.ty)) {
            ty.ty = self.int_type(Self::kind_of_mode(kind, bits));
        }
        if specs.is_thread_local {
            self.error(E0320, specs.span, "BPF has no threads, and no thread-local objects");
        }
        let align = self.alignas(&specs.alignas);
        if !specs.alignas.is_empty() {
            self.check_alignas(specs, ty, attrs.align.max(align));
        }
        let align = attrs.align.max(align);
        if let Some((Storage::Auto | Storage::Register, at)) = specs.storage
            && self.func.is_none()
        {
            self.error(E0311, at, "`auto` and `register` are for variables of functions");
        }
        let new = NewName {
            name,
            span,
            ty,
            storage: specs.storage.map(|(storage, _)| storage),
            attrs: Attrs { is_noreturn: attrs.is_noreturn || specs.is_noreturn, ..attrs },
            is_inline: specs.is_inline,
            align,
            init: it.init.as_ref(),
            asm_label: it.asm_label.as_ref(),
            specs_span: specs.span,
            is_unprototyped: declared.is_unprototyped,
        };
        self.declare(new, out);
    }

    fn declare(&mut self, new: NewName<'a>, out: &mut Vec<StmtId>) {
        if new.storage == Some(Storage::Typedef) {
            self.declare_typedef(&new);
        } else if self.is_func(new.ty.ty) {
            if new.init.is_some() {
                self.error(E0311, new.span, "a function has no initialiser");
            }
            self.declare_function(&new);
        } else if self.func.is_none() {
            self.declare_global(new);
        } else {
            match new.storage {
                Some(Storage::Extern | Storage::Static) => {
                    self.declare_global(new);
                }
                _ => self.declare_local(new, out),
            }
        }
    }

    /// `__auto_type x = value;` (GNU)
    fn auto_type(&mut self, specs: &'a DeclSpecs, it: &'a InitDeclarator, out: &mut Vec<StmtId>) {
        let Some((name, span)) = it.declarator.name else {
            return;
        };
        let Some(Initializer::Expr(value)) = &it.init else {
            self.error(E0311, span, "`__auto_type` needs an initialiser to take the type from");
            self.scopes.declare(name, Entity::Error, span);
            return;
        };
        if self.func.is_none() {
            self.error(E0320, specs.span, "`__auto_type` works inside functions only");
            self.scopes.declare(name, Entity::Error, span);
            return;
        }
        let value = self.rvalue(*value);
        let ty = QualType { ty: self.type_of(value), quals: specs.quals };
        if self.is_poison(value) {
            self.scopes.declare(name, Entity::Error, span);
            return;
        }
        let local = self.new_local(Some(name), ty, None, span);
        self.scopes.declare(name, Entity::Local(local), span);
        let item = crate::hir::InitItem {
            offset_bits: 0,
            bits: None,
            value: crate::hir::InitValue::Expr(value),
        };
        let init = crate::hir::Init { zero_rest: false, items: vec![item] };
        out.push(self.statement(StmtKind::Init(local, init), span));
        let attrs = self.attrs(&[&specs.attrs, &it.declarator.attrs, &it.attrs]);
        self.open_cleanup_of(local, &attrs);
    }

    fn declare_typedef(&mut self, new: &NewName<'_>) {
        if self.scopes.is_file_scope() {
            self.demand_name(new.name);
        }
        let old = self.scopes.find_innermost(new.name);
        // What the program declares itself wins over the headers that bpfc carries.
        if let Some(old) = old.filter(|old| !self.is_builtin(old.span)) {
            match old.entity {
                Entity::Typedef(id) => {
                    let known = self.module.types.typedefs[id].ty;
                    if self.compatible(known.ty, new.ty.ty) || self.is_error(new.ty.ty) {
                        return;
                    }
                    self.report_redeclared(new.name, new.span, old, "with another type");
                }
                Entity::Error => {}
                _ => self.report_redeclared(new.name, new.span, old, "as something else"),
            }
        }
        if new.init.is_some() {
            self.error(E0311, new.span, "a typedef has no initialiser");
        }
        if self.is_error(new.ty.ty) {
            self.scopes.declare(new.name, Entity::Error, new.span);
            return;
        }
        let origin = Origin::Source(new.span);
        let (id, _) = self.new_typedef(Typedef {
            name: new.name,
            ty: new.ty,
            origin,
            decl_tags: new.attrs.decl_tags.clone(),
        });
        if let Some(align) = new.align {
            self.typedef_aligns.insert(id, align);
        }
        self.scopes.declare(new.name, Entity::Typedef(id), new.span);
    }

    /// Reports a second declaration that does not fit the first.
    pub fn report_redeclared(&mut self, name: Symbol, span: Span, old: Decl, how: &str) {
        let text = self.name(name);
        self.report(
            Diagnostic::new(E0308, span, format!("`{text}` is declared again {how}"))
                .with_note_at(old.span, "the first declaration is here"),
        );
    }

    /// C11 6.2.2p7: reports `static` behind a declaration without.
    pub fn check_static(&mut self, linkage: Linkage, new: &NewName<'_>, first: Span) {
        if linkage != Linkage::Static && !self.is_builtin(first) {
            let name = self.name(new.name);
            let message = format!("`{name}` is declared `static`, but was not before");
            let note = "the first declaration is here";
            self.report(Diagnostic::new(E0308, new.span, message).with_note_at(first, note));
        }
    }

    /// `asm("label")` behind a declarator: the name of the symbol.
    pub fn symbol_label(&mut self, label: &StrLit) -> Option<Symbol> {
        let text = string_text(label);
        // These stand for instructions.
        (!text.starts_with("llvm.")).then(|| self.session.intern(&text))
    }

    /// Adds a local.
    pub fn new_local(
        &mut self,
        name: Option<Symbol>,
        ty: QualType,
        align: Option<u32>,
        span: Span,
    ) -> LocalId {
        let align = self.declared_align(ty.ty).max(align.unwrap_or(1));
        self.body.locals.push(Local { name, ty, align, span })
    }

    fn declare_local(&mut self, new: NewName<'a>, out: &mut Vec<StmtId>) {
        if let Some(old) = self.scopes.find_innermost(new.name)
            && !matches!(old.entity, Entity::Error)
            && !self.is_error(new.ty.ty)
        {
            self.report_redeclared(new.name, new.span, old, "in the same scope");
        }
        self.warn_shadow(new.name, new.span);
        let ty = self.object_type(new.ty, &new);
        // C11 6.2.1p7: the scope begins before the initialiser.
        let local = self.new_local(Some(new.name), ty, new.align, new.span);
        if let (Some(Storage::Register), Some(func)) = (new.storage, &mut self.func) {
            func.without_address.insert(local);
        }
        self.note_local(local, &new);
        self.scopes.declare(new.name, Entity::Local(local), new.span);
        if let Some(label) = new.asm_label {
            self.bind_register(local, label);
        }
        let Some(init) = new.init else {
            self.finish_local(local, ty, new.span);
            out.push(self.statement(StmtKind::Declare(local), new.span));
            self.open_cleanup_of(local, &new.attrs);
            return;
        };
        let (ty, init) = self.local_init(ty, init, new.span);
        self.remember_constant(local, ty, init.as_ref());
        self.body.locals[local].ty = ty;
        self.finish_local(local, ty, new.span);
        let kind = match init {
            Some(init) => StmtKind::Init(local, init),
            None => StmtKind::Declare(local),
        };
        out.push(self.statement(kind, new.span));
        self.open_cleanup_of(local, &new.attrs);
    }

    fn open_cleanup_of(&mut self, local: LocalId, attrs: &Attrs) {
        if let Some((name, span)) = attrs.cleanup {
            self.open_cleanup(local, name, span);
        }
    }

    /// `const u32 size = 8;` in a function: no constant of C, but one that compilers fold.
    fn remember_constant(&mut self, local: LocalId, ty: QualType, init: Option<&Init>) {
        let quals = self.all_quals(ty);
        if let Some(Init { items, .. }) = init
            && let [InitItem { value: InitValue::Expr(value), .. }] = items[..]
            && let Some(value) = self.const_int(value)
            && self.is_integer(ty.ty)
            && quals.is_const
            && !quals.is_volatile
        {
            self.const_locals.insert(local, value);
        }
    }

    /// A local must have a complete type; otherwise it is poisoned.
    fn finish_local(&mut self, local: LocalId, ty: QualType, span: Span) {
        if self.is_error(ty.ty) || self.complete_deeply(ty.ty) {
            let align = self.declared_align(ty.ty);
            let node = &mut self.body.locals[local];
            node.align = node.align.max(align);
            return;
        }
        self.report_incomplete(ty, span);
        self.body.locals[local].ty = QualType::plain(self.common.error);
    }

    /// Reports an object of the incomplete type `ty`.
    pub fn report_incomplete(&mut self, ty: QualType, span: Span) {
        let shown = self.show_qual(ty);
        let message = if matches!(self.as_array(ty.ty), Some((_, None))) {
            format!("this array needs a length or an initialiser: its type is `{shown}`")
        } else {
            format!("this object's type `{shown}` is incomplete")
        };
        self.error(E0307, span, message);
    }

    /// The type of a new object; what cannot be one is reported and poisoned.
    pub fn object_type(&mut self, ty: QualType, new: &NewName<'_>) -> QualType {
        let error = QualType::plain(self.common.error);
        // `extern const void symbol __ksym` (GNU): only its address is of use.
        let is_symbol = new.storage == Some(Storage::Extern) && new.init.is_none();
        if self.is_void(ty.ty) && !is_symbol {
            let name = self.name(new.name);
            self.error(E0311, new.specs_span, format!("`{name}` cannot have type `void`"));
            return error;
        }
        if self.is_in_other_space(ty, new.specs_span) {
            return error;
        }
        if self.is_float(ty.ty) && self.func.is_some() {
            self.report(
                Diagnostic::new(E0404, new.specs_span, "BPF has no floating point")
                    .with_help("use integers: scale the numbers, for instance thousandths"),
            );
            return error;
        }
        ty
    }

    /// C11 6.7.5: the strictest of the alignment specifiers.
    pub fn alignas(&mut self, list: &[Alignas]) -> Option<u32> {
        let mut strictest = None;
        for alignas in list {
            let align = match *alignas {
                Alignas::Type(ty) => {
                    let ty = self.type_name(ty);
                    Some(self.declared_align(ty.ty))
                }
                Alignas::Expr(expr) => {
                    let span = self.unit.exprs[expr].span;
                    let value = self.const_expr(expr, "an alignment");
                    value.and_then(|value| self.valid_align(value, span))
                }
            };
            strictest = strictest.max(align);
        }
        strictest
    }

    /// C11 6.7.5p2, p5: where `_Alignas` may stand, and what it may not weaken.
    fn check_alignas(&mut self, specs: &DeclSpecs, ty: QualType, align: Option<u32>) {
        let storage = specs.storage.map(|(storage, _)| storage);
        let what = match storage {
            Some(Storage::Typedef) => "a typedef",
            Some(Storage::Register) => "a `register` variable",
            _ if self.is_func(ty.ty) => "a function",
            _ => return self.check_weaker_align(ty, align, specs.span),
        };
        self.error(E0311, specs.span, format!("`_Alignas` cannot stand in {what}"));
    }

    /// Reports an `_Alignas` below what the type wants.
    pub fn check_weaker_align(&mut self, ty: QualType, align: Option<u32>, span: Span) {
        let natural = self.declared_align(ty.ty);
        if let Some(align) = align.filter(|&align| align < natural) {
            let shown = self.show_qual(ty);
            let message =
                format!("`_Alignas` of {align} is weaker than the {natural} of `{shown}`");
            self.error(E0311, span, message);
        }
    }

    /// C11 6.7.10.
    pub fn static_assert(&mut self, cond: ExprId, message: Option<&StrLit>, _span: Span) {
        let at = self.unit.exprs[cond].span;
        if self.const_expr(cond, "what is asserted") == Some(0) {
            let text = match message {
                Some(message) => format!("static assertion failed: {}", string_text(message)),
                None => "static assertion failed".to_owned(),
            };
            self.error(E0316, at, text);
        }
    }

    /// The type of a redeclared object: composite of both.
    pub fn merge_types(&mut self, global: GlobalId, new: QualType, span: Span) -> Option<QualType> {
        let old = self.module.globals[global].ty;
        if !self.compatible(old.ty, new.ty) {
            return None;
        }
        let ty = self.composite(old.ty, new.ty, span);
        Some(QualType { ty, quals: types_union(old.quals, new.quals) })
    }

    /// Whether `ty` is a pointer to a function.
    pub fn is_func_ptr(&self, ty: TypeId) -> bool {
        matches!(self.resolved(ty), Type::Ptr(to) if self.is_func(to.ty))
    }
}
