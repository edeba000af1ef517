//! Objects with static storage (C11 6.9.2): variables, maps, kernel symbols.

use crate::checker::Checker;
use crate::decl::NewName;
use crate::hir::{Global, GlobalId, GlobalInit, GlobalKind, Linkage};
use crate::scope::Entity;
use bpfc_base::codes::types::{E0308, E0311};
use bpfc_base::{Diagnostic, Symbol};
use bpfc_parser::ast::Storage;

impl Checker<'_> {
    /// Declares an object with static storage, at file scope or in a block.
    pub fn declare_global(&mut self, mut new: NewName<'_>) {
        new.ty = self.object_type(new.ty, &new);
        let is_extern = new.storage == Some(Storage::Extern) && new.init.is_none();
        let old = self.previous_global(&new);
        if self.is_error(new.ty.ty) {
            self.scopes.declare(new.name, Entity::Error, new.span);
            return;
        }
        let global = match old {
            Some(Entity::Global(global)) => {
                if !self.redeclare_global(global, &new, is_extern) {
                    return;
                }
                global
            }
            Some(_) => return,
            None => self.new_global(&new, is_extern),
        };
        self.scopes.declare(new.name, Entity::Global(global), new.span);
        if self.func.is_some() && new.storage == Some(Storage::Extern) {
            self.remember_at_file_scope(&new, global);
        }
        if new.attrs.is_used {
            self.used_globals.insert(global);
        }
        self.note_global(global, &new);
        if let Some(symbol) = new.asm_label.and_then(|label| self.symbol_label(label)) {
            self.module.globals[global].name = symbol;
        }
        if let Some(init) = new.init {
            self.initialise(global, init, &new);
        } else if !is_extern && old.is_none() {
            self.tentative.push(global);
        }
        self.classify_global(global, &new);
    }

    /// What the name means already, where both are the same object.
    fn previous_global(&mut self, new: &NewName<'_>) -> Option<Entity> {
        if self.func.is_none() || new.storage == Some(Storage::Extern) {
            self.demand_name(new.name);
        }
        let is_block_extern = self.func.is_some() && new.storage == Some(Storage::Extern);
        let old = if is_block_extern {
            let innermost = self.scopes.find_innermost(new.name);
            innermost.or_else(|| self.scopes.find_at_file_scope(new.name))
        } else {
            self.scopes.find_innermost(new.name)
        }?;
        match old.entity {
            Entity::Error => None,
            Entity::Global(_) => {
                let is_block_static = self.func.is_some() && !is_block_extern;
                if is_block_static {
                    self.report_redeclared(new.name, new.span, old, "in the same scope");
                }
                Some(old.entity)
            }
            _ => {
                self.report_redeclared(new.name, new.span, old, "as something else");
                Some(old.entity)
            }
        }
    }

    fn remember_at_file_scope(&mut self, new: &NewName<'_>, global: GlobalId) {
        if self.scopes.find_at_file_scope(new.name).is_none() {
            self.scopes.declare_at_file_scope(new.name, Entity::Global(global), new.span);
        }
    }

    fn new_global(&mut self, new: &NewName<'_>, is_extern: bool) -> GlobalId {
        let linkage = match (new.storage, is_extern, new.attrs.is_weak) {
            (Some(Storage::Static), ..) => Linkage::Static,
            (_, true, false) => Linkage::Extern,
            (_, true, true) => Linkage::ExternWeak,
            (_, false, true) => Linkage::Weak,
            (_, false, false) => Linkage::Global,
        };
        let align = self.declared_align(new.ty.ty).max(new.align.unwrap_or(1));
        let name = self.global_name(new);
        self.module.globals.push(Global {
            name,
            ty: new.ty,
            kind: GlobalKind::Data,
            linkage,
            init: if is_extern { GlobalInit::None } else { GlobalInit::Zero },
            section: new.attrs.section.map(|(section, _)| section),
            align,
            decl_tags: new.attrs.decl_tags.clone(),
            span: new.span,
        })
    }

    /// A static local is `function.name` in the object, as clang has it.
    fn global_name(&mut self, new: &NewName<'_>) -> Symbol {
        match (&self.func, new.storage) {
            (Some(func), Some(Storage::Static)) => {
                let func = self.name(self.module.funcs[func.id].name);
                let name = self.name(new.name);
                self.session.intern(&format!("{func}.{name}"))
            }
            _ => new.name,
        }
    }

    /// A further declaration of `global`; false if it does not fit.
    fn redeclare_global(&mut self, global: GlobalId, new: &NewName<'_>, is_extern: bool) -> bool {
        let first = self.module.globals[global].span;
        let Some(ty) = self.merge_types(global, new.ty, new.span) else {
            let (name, old) = (self.name(new.name), self.show_qual(self.module.globals[global].ty));
            let shown = self.show_qual(new.ty);
            self.report(
                Diagnostic::new(
                    E0308,
                    new.span,
                    format!("`{name}` is declared again with another type: `{shown}`"),
                )
                .with_note_at(first, format!("here its type is `{old}`")),
            );
            return false;
        };
        let is_defined = matches!(self.module.globals[global].init, GlobalInit::Data { .. })
            || self.initialised.contains(&global);
        if is_defined && new.init.is_some() {
            let name = self.name(new.name);
            self.report(
                Diagnostic::new(E0308, new.span, format!("`{name}` is initialised twice"))
                    .with_note_at(first, "the first definition is here"),
            );
            return false;
        }
        if new.storage == Some(Storage::Static) && self.func.is_none() {
            self.check_static(self.module.globals[global].linkage, new, first);
        }
        let node = &mut self.module.globals[global];
        node.ty = ty;
        if new.attrs.is_weak {
            node.linkage = node.linkage.weakened();
        }
        node.section = node.section.or(new.attrs.section.map(|(section, _)| section));
        node.align = node.align.max(new.align.unwrap_or(1));
        node.decl_tags.extend(&new.attrs.decl_tags);
        if !is_extern {
            node.linkage = match node.linkage {
                Linkage::Extern => Linkage::Global,
                Linkage::ExternWeak => Linkage::Weak,
                known => known,
            };
            if node.init == GlobalInit::None {
                node.init = GlobalInit::Zero;
                self.tentative.push(global);
            }
        }
        true
    }

    fn initialise(
        &mut self,
        global: GlobalId,
        init: &bpfc_parser::ast::Initializer,
        new: &NewName<'_>,
    ) {
        self.initialised.insert(global);
        let ty = self.module.globals[global].ty;
        let (ty, content) = self.global_init(ty, init, new.span);
        let align = self.declared_align(ty.ty);
        let node = &mut self.module.globals[global];
        node.ty = ty;
        node.init = content;
        node.align = node.align.max(align);
        if !self.complete_deeply(ty.ty) && !self.is_error(ty.ty) {
            self.report_incomplete(ty, new.span);
            self.module.globals[global].ty.ty = self.common.error;
        }
        self.remember_helper_var(global);
    }

    /// `static long (*bpf_x)(…) = (void *)N;` names helper N.
    fn remember_helper_var(&mut self, global: GlobalId) {
        let node = &self.module.globals[global];
        let is_fixed = node.linkage == Linkage::Static || self.is_const_object(node.ty);
        if !is_fixed || !self.is_func_ptr(node.ty.ty) || node.section.is_some() {
            return;
        }
        if let GlobalInit::Data { bytes, relocs } = &node.init
            && relocs.is_empty()
            && bytes.len() == 8
            && let Ok(id) = u32::try_from(crate::bytes::number(self.module.endian, bytes))
            && id != 0
        {
            self.helper_vars.insert(global, id);
        }
    }

    /// What the object's section makes of it.
    fn classify_global(&mut self, global: GlobalId, new: &NewName<'_>) {
        let Some(section) = self.module.globals[global].section else {
            return;
        };
        let section = self.name(section);
        match &*section {
            ".ksyms" => self.module.globals[global].kind = GlobalKind::Ksym,
            ".kconfig" => self.module.globals[global].kind = GlobalKind::Kconfig,
            ".maps" => self.define_btf_map(global, new.span),
            "maps" => self.define_legacy_map(global, new.span),
            _ if section.starts_with(crate::bcc::TABLE_SECTION) && self.is_bcc() => {
                self.define_table(global, &section, new.span);
            }
            _ => {}
        }
    }

    /// C11 6.9.2p2: at the end, tentative definitions are definitions.
    pub fn finish_tentative(&mut self) {
        for global in std::mem::take(&mut self.tentative) {
            let (ty, span) = (self.module.globals[global].ty, self.module.globals[global].span);
            if self.is_error(ty.ty) || self.complete_deeply(ty.ty) {
                let align = self.declared_align(ty.ty);
                let node = &mut self.module.globals[global];
                node.align = node.align.max(align);
                continue;
            }
            // C11 6.9.2p5: an array without a length gets one element.
            if let Some((elem, None)) = self.as_array(ty.ty)
                && self.complete(elem.ty)
            {
                let one = self.array_of(elem, Some(1), span);
                self.module.globals[global].ty.ty = one;
                continue;
            }
            self.report_incomplete(ty, span);
        }
        let externs: Vec<GlobalId> = self.module.globals.ids().collect();
        for global in externs {
            let node = &self.module.globals[global];
            let (kind, linkage, span) = (&node.kind, node.linkage, node.span);
            if matches!(kind, GlobalKind::Ksym | GlobalKind::Kconfig)
                && !matches!(linkage, Linkage::Extern | Linkage::ExternWeak)
            {
                let message = "a kernel symbol is declared `extern`: the kernel defines it";
                self.error(E0311, span, message);
            }
        }
    }
}
