//! Functions (C11 6.9.1): declarations, definitions, parameters.

use crate::attrs::Attrs;
use crate::checker::Checker;
use crate::decl::NewName;
use crate::expr::FloatTable;
use crate::hir::{Body, Func, FuncId, FuncType, Inline, Linkage, QualType};
use crate::scope::Entity;
use crate::specs::ParamInfo;
use crate::stmt::FuncState;
use bpfc_base::codes::bpf::E0404;
use bpfc_base::codes::types::{E0307, E0308, E0311};
use bpfc_base::{Diagnostic, Span};
use bpfc_parser::ast::{FunctionDef, StmtKind, Storage};

/// A body under construction.
pub(crate) struct Scratch {
    body: Body,
    floats: FloatTable,
}

impl<'a> Checker<'a> {
    /// Declares a function; `None` if the name is taken by something else.
    pub fn declare_function(&mut self, new: &NewName<'_>) -> Option<FuncId> {
        self.demand_name(new.name);
        let innermost = self.scopes.find_innermost(new.name);
        let old = innermost.or_else(|| self.scopes.find_at_file_scope(new.name));
        let func = match old.map(|old| (old, old.entity)) {
            Some((old, Entity::Func(func))) => {
                self.redeclare_function(func, new, old.span)?;
                func
            }
            Some((_, Entity::Error)) | None => self.new_function(new),
            Some((old, _)) if innermost.is_some() || self.scopes.is_file_scope() => {
                self.report_redeclared(new.name, new.span, old, "as something else");
                return None;
            }
            Some(_) => self.new_function(new),
        };
        self.scopes.declare(new.name, Entity::Func(func), new.span);
        if self.scopes.find_at_file_scope(new.name).is_none() {
            self.scopes.declare_at_file_scope(new.name, Entity::Func(func), new.span);
        }
        if new.attrs.is_noreturn {
            self.noreturn.insert(func);
        }
        self.module.funcs[func].is_naked |= new.attrs.is_naked;
        self.module.funcs[func].is_hidden |= new.attrs.is_hidden;
        if new.attrs.is_used {
            self.used_funcs.insert(func);
        }
        self.note_func(func, new);
        if let Some(label) = new.asm_label {
            let text = crate::attrs::string_text(label);
            self.remember_packet_load(func, &text);
            if let Some(symbol) = self.symbol_label(label) {
                self.module.funcs[func].name = symbol;
            }
        }
        Some(func)
    }

    fn new_function(&mut self, new: &NewName<'_>) -> FuncId {
        let is_static = new.storage == Some(Storage::Static);
        // C11 6.7.4p7: an inline definition alone provides no external one.
        let is_inline_only = new.is_inline && new.storage != Some(Storage::Extern);
        let is_inline_only = is_inline_only && !new.attrs.is_gnu_inline || is_gnu_extern(new);
        let linkage = match (is_static || is_inline_only, new.attrs.is_weak) {
            (true, _) => Linkage::Static,
            (false, false) => Linkage::Extern,
            (false, true) => Linkage::ExternWeak,
        };
        let (section, section_span) = section_of(&new.attrs);
        let is_kfunc = section.is_some_and(|section| self.session.name(section) == ".ksyms");
        self.module.funcs.push(Func {
            name: new.name,
            ty: new.ty.ty,
            linkage,
            inline: inline_of(new),
            section,
            section_span,
            decl_tags: new.attrs.decl_tags.clone(),
            param_tags: Vec::new(),
            is_kfunc,
            is_naked: false,
            is_hidden: false,
            span: new.span,
            body: None,
        })
    }

    fn redeclare_function(&mut self, func: FuncId, new: &NewName<'_>, first: Span) -> Option<()> {
        let old_ty = self.module.funcs[func].ty;
        let ty = if self.compatible(old_ty, new.ty.ty) {
            self.composite(old_ty, new.ty.ty, new.span)
        } else {
            let name = self.name(new.name);
            let (old, shown) = (self.show(old_ty), self.show_qual(new.ty));
            self.report(
                Diagnostic::new(
                    E0308,
                    new.span,
                    format!("`{name}` is declared again with another type: `{shown}`"),
                )
                .with_note_at(first, format!("here its type is `{old}`")),
            );
            return None;
        };
        if new.storage == Some(Storage::Static) {
            self.check_static(self.module.funcs[func].linkage, new, first);
        }
        let (section, section_span) = section_of(&new.attrs);
        let inline = inline_of(new);
        let node = &mut self.module.funcs[func];
        node.ty = ty;
        if node.section.is_none() {
            (node.section, node.section_span) = (section, section_span);
        }
        if matches!(node.inline, Inline::Default | Inline::Hint) && inline != Inline::Default {
            node.inline = inline;
        }
        if new.attrs.is_weak {
            node.linkage = node.linkage.weakened();
        }
        let is_hidden = new.storage == Some(Storage::Static) || is_gnu_extern(new);
        if is_hidden && node.body.is_none() {
            node.linkage = Linkage::Static;
        }
        node.decl_tags.extend(&new.attrs.decl_tags);
        Some(())
    }

    /// Checks a function definition.
    pub fn function_def(&mut self, def: &'a FunctionDef) {
        let base = self.specs_type(&def.specs);
        let mut declared = self.declarator(base, &def.declarator);
        // C11 6.7.6.3p14: in a definition, `()` says that there are no parameters.
        if let Some(ty) = self.as_func(declared.ty.ty).filter(|ty| ty.is_unprototyped) {
            let ty = FuncType { is_unprototyped: false, ..ty.clone() };
            declared.ty = QualType::plain(self.func_type(ty, def.declarator.span));
        }
        let Some((name, span)) = def.declarator.name else {
            return;
        };
        let attrs = self.attrs(&[&def.specs.attrs, &def.declarator.attrs, &def.attrs]);
        if self.is_error(declared.ty.ty) {
            self.scopes.declare(name, Entity::Error, span);
            return;
        }
        let Some(params) = declared.params.filter(|_| self.is_func(declared.ty.ty)) else {
            let text = self.name(name);
            self.error(E0311, span, format!("`{text}` has a body but is no function"));
            return;
        };
        let new = NewName {
            name,
            span,
            ty: declared.ty,
            storage: def.specs.storage.map(|(storage, _)| storage),
            attrs: Attrs { is_noreturn: attrs.is_noreturn || def.specs.is_noreturn, ..attrs },
            is_inline: def.specs.is_inline,
            align: None,
            init: None,
            asm_label: None,
            specs_span: def.specs.span,
            is_unprototyped: false,
        };
        let Some(func) = self.declare_function(&new) else {
            return;
        };
        if self.module.funcs[func].body.is_some() {
            let text = self.name(name);
            self.report(
                Diagnostic::new(E0308, span, format!("`{text}` is defined twice"))
                    .with_note_at(self.module.funcs[func].span, "the first definition is here"),
            );
            return;
        }
        let node = &mut self.module.funcs[func];
        let is_first = node.span == span;
        node.span = span;
        node.linkage = match node.linkage {
            Linkage::Extern => Linkage::Global,
            Linkage::ExternWeak => Linkage::Weak,
            known => known,
        };
        let start = self.session.sources.root(def.specs.span);
        let end = self.session.sources.root(self.unit.stmts[def.body].span);
        self.func_extents.insert(func, Span { hi: end.hi, ..start });
        let tags = params.iter().zip(0..);
        let tags = tags.flat_map(|(param, idx)| param.decl_tags.iter().map(move |&tag| (idx, tag)));
        self.module.funcs[func].param_tags = tags.collect();
        self.check_return_type(func, def.specs.span);
        self.warn_missing_prototype(func, is_first);
        self.function_body(func, &params, def);
    }

    fn check_return_type(&mut self, func: FuncId, span: Span) {
        let Some(ty) = self.as_func(self.module.funcs[func].ty) else {
            return;
        };
        let ret = ty.ret;
        if self.is_float(ret.ty) {
            self.error(E0404, span, "BPF has no floating point");
        } else if !self.is_void(ret.ty) && !self.is_error(ret.ty) && !self.complete_deeply(ret.ty) {
            let shown = self.show_qual(ret);
            self.error(E0307, span, format!("a function cannot return the incomplete `{shown}`"));
        }
    }

    fn function_body(&mut self, func: FuncId, params: &[ParamInfo], def: &'a FunctionDef) {
        let outer_body = std::mem::take(&mut self.body);
        let outer_floats = std::mem::take(&mut self.floats);
        let ret = self.as_func(self.module.funcs[func].ty).map(|ty| ty.ret);
        let ret = ret.unwrap_or(QualType::plain(self.common.error));
        self.func = Some(FuncState::new(func, ret, self.module.funcs[func].span));
        self.start_usage();
        self.scopes.enter();
        for param in params {
            self.define_param(param);
        }
        self.body.n_params = params.len();
        let mut root = Vec::new();
        let unit = self.unit;
        let body = &unit.stmts[def.body];
        if let StmtKind::Compound(items) = &body.kind {
            self.warn_statements(items);
            for &item in items {
                self.stmt(item, &mut root);
            }
        }
        self.close_cleanups(0, body.span.end(), &mut root);
        self.finish_cleanups();
        self.scopes.leave();
        let end = body.span.end();
        self.body.end_span = Span { lo: end.hi.saturating_sub(1).max(body.span.lo), ..end };
        self.body.root = root;
        self.finish_labels();
        let is_broken = self.func.as_ref().is_some_and(|func| func.is_broken);
        match self.module.funcs[func].is_naked {
            true => self.check_naked(def.specs.span),
            false if is_broken => {}
            false => self.check_missing_return(func, ret, def.specs.span),
        }
        self.finish_usage(func);
        self.warn_paths();
        self.flush_deferred();
        self.sort_reports();
        self.const_locals.clear();
        self.func = None;
        self.floats = outer_floats;
        let body = std::mem::replace(&mut self.body, outer_body);
        self.module.funcs[func].body = Some(body);
    }

    fn define_param(&mut self, param: &ParamInfo) {
        let mut ty = param.ty;
        if self.is_float(ty.ty) {
            self.error(E0404, param.type_span, "BPF has no floating point");
            ty = QualType::plain(self.common.error);
        } else if !self.is_error(ty.ty) && !self.complete_deeply(ty.ty) {
            self.report_incomplete(ty, param.span);
            ty = QualType::plain(self.common.error);
        }
        let name = param.name.map(|(name, _)| name);
        let local = self.new_local(name, ty, None, param.span);
        if param.is_unused {
            self.exempt_param(local);
        }
        let Some((name, span)) = param.name else {
            return;
        };
        if let Some(old) = self.scopes.find_innermost(name) {
            self.report_redeclared(name, span, old, "as another parameter");
        }
        self.warn_shadow(name, span);
        self.scopes.declare(name, Entity::Local(local), span);
    }

    /// Puts the body under construction aside for checking something outside of it.
    pub fn take_scratch(&mut self) -> Scratch {
        Scratch { body: std::mem::take(&mut self.body), floats: std::mem::take(&mut self.floats) }
    }

    /// Goes on with a body that was put aside.
    pub fn put_scratch(&mut self, scratch: Scratch) {
        self.body = scratch.body;
        self.floats = scratch.floats;
    }

    /// A new, empty body for checking what stands outside every function.
    pub fn fresh_scratch(&mut self) {
        self.body = Body::default();
        self.floats = FloatTable::default();
    }
}

fn section_of(attrs: &Attrs) -> (Option<bpfc_base::Symbol>, Span) {
    match attrs.section {
        Some((section, span)) => (Some(section), span),
        None => (None, Span::NONE),
    }
}

/// `extern inline` with `gnu_inline`: as it was in GNU C before C99, nobody else sees it.
fn is_gnu_extern(new: &NewName<'_>) -> bool {
    new.attrs.is_gnu_inline && new.is_inline && new.storage == Some(Storage::Extern)
}

fn inline_of(new: &NewName<'_>) -> Inline {
    match new.attrs.inline {
        Inline::Default if new.is_inline => Inline::Hint,
        asked => asked,
    }
}
