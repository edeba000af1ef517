//! Bodies of structs and unions (C11 6.7.2.1).

use crate::attrs::Attrs;
use crate::checker::Checker;
use crate::hir::{Member, QualType, RecordBody, RecordId, RecordKind, TypeId};
use crate::layout::{self, Field, RecordRules};
use crate::types::MAX_TYPE_DEPTH;
use bpfc_base::codes::types::{E0307, E0308, E0311, E0320};
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ast::{DeclSpecs, MemberDecl, MemberDeclarator, TypeSpec};
use rustc_hash::FxHashMap;

/// A member before it has its place.
#[derive(Clone, Debug)]
struct Draft {
    /// `None` for unnamed bit-fields, which pad and go.
    member: Option<Member>,
    field: Field,
}

impl Checker<'_> {
    /// Gives `record` its members and layout.
    pub fn define_record(
        &mut self,
        record: RecordId,
        decls: &[MemberDecl],
        attrs: &Attrs,
        pack: Option<u32>,
        span: Span,
    ) {
        let mut drafts = Vec::new();
        self.with_open_record(record, |this| {
            for decl in decls {
                this.deeper(span, |this| this.member_decl(decl, &mut drafts));
            }
        });
        let is_union = self.module.types.records[record].kind == RecordKind::Union;
        if !is_union {
            self.check_flexible(&drafts);
        }
        self.check_duplicates(&drafts);
        if attrs.is_relocatable {
            self.spread_relocatable(&drafts);
        }
        let rules =
            RecordRules { is_union, is_packed: attrs.is_packed, explicit_align: attrs.align, pack };
        let fields: Vec<Field> = drafts.iter().map(|draft| draft.field).collect();
        let Some(layout) = layout::layout(&fields, rules) else {
            self.error(E0311, span, "this type is too large");
            self.module.types.records[record].body = Some(RecordBody::default());
            return;
        };
        let mut members = Vec::with_capacity(drafts.len());
        let mut depth = 0;
        for (draft, offset_bits) in drafts.into_iter().zip(layout.offsets) {
            if let Some(member) = draft.member {
                depth = depth.max(self.value_depth(member.ty.ty));
                members.push(Member { offset_bits, ..member });
            }
        }
        if depth >= MAX_TYPE_DEPTH {
            let message = format!("this type nests deeper than {MAX_TYPE_DEPTH} levels");
            self.error(E0320, span, message);
            members.clear();
        }
        self.depths.set_record(record, depth + 1);
        self.module.types.records[record].body = Some(RecordBody {
            members,
            size: layout.size,
            align: layout.align,
            is_packed: attrs.is_packed,
        });
    }

    /// Anonymous members are relocatable with the record around them.
    fn spread_relocatable(&mut self, drafts: &[Draft]) {
        for member in drafts.iter().filter_map(|draft| draft.member.as_ref()) {
            if member.name.is_none()
                && let Some(inner) = self.record_of(member.ty.ty)
            {
                self.module.types.records[inner].is_relocatable = true;
            }
        }
    }

    fn member_decl(&mut self, decl: &MemberDecl, drafts: &mut Vec<Draft>) {
        let (specs, declarators, span) = match decl {
            MemberDecl::Members { specs, declarators, span } => (specs, declarators, *span),
            MemberDecl::StaticAssert { cond, message, span } => {
                self.static_assert(*cond, message.as_ref(), *span);
                return;
            }
        };
        let base = self.specs_type(specs);
        if let Some((_, at)) = specs.storage {
            self.error(E0311, at, "a member has no storage class");
        }
        if declarators.is_empty() {
            self.anonymous_member(base, specs, span, drafts);
        }
        for declarator in declarators {
            if let Some(draft) = self.member(base, specs, declarator) {
                drafts.push(draft);
            }
        }
    }

    /// C11 6.7.2.1p13.
    fn anonymous_member(
        &mut self,
        base: QualType,
        specs: &DeclSpecs,
        span: Span,
        drafts: &mut Vec<Draft>,
    ) {
        let is_anonymous = match specs.ty {
            TypeSpec::Tag(tag) => self.unit.tag_specs[tag].name.is_none(),
            _ => false,
        };
        if !is_anonymous || self.record_of(base.ty).is_none() {
            return;
        }
        let attrs = self.attrs(&[&specs.attrs]);
        let field = self.whole_field(base.ty, &attrs, None);
        let member = Member {
            name: None,
            ty: base,
            offset_bits: 0,
            bits: None,
            span,
            decl_tags: Vec::new(),
        };
        drafts.push(Draft { member: Some(member), field });
    }

    fn member(
        &mut self,
        base: QualType,
        specs: &DeclSpecs,
        declarator: &MemberDeclarator,
    ) -> Option<Draft> {
        let ty = self.declarator(base, &declarator.declarator).ty;
        let lists = [&specs.attrs[..], &declarator.declarator.attrs, &declarator.attrs];
        let attrs = self.attrs(&lists);
        let alignas = self.alignas(&specs.alignas);
        let name = declarator.declarator.name;
        let span = name.map_or(declarator.declarator.span, |(_, span)| span);
        if self.is_error(ty.ty) {
            return None;
        }
        if declarator.bits.is_some() && !specs.alignas.is_empty() {
            self.error(E0311, specs.span, "`_Alignas` cannot stand in a bit-field");
        }
        if let Some(bits) = declarator.bits {
            return self.bit_field_member(ty, name, bits, &attrs, span);
        }
        let (name, _) = name?;
        if self.is_func(ty.ty) {
            let shown = self.show_qual(ty);
            self.report(
                Diagnostic::new(E0311, span, format!("a member cannot be a function: `{shown}`"))
                    .with_help("make it a pointer to a function"),
            );
            return None;
        }
        let is_flexible = matches!(self.as_array(ty.ty), Some((_, None)));
        if !is_flexible && !self.require_member_type(ty, span) {
            return None;
        }
        if !attrs.is_packed {
            self.check_weaker_align(
                ty,
                alignas.map(|align| align.max(attrs.align.unwrap_or(1))),
                span,
            );
        }
        let field = self.whole_field(ty.ty, &attrs, alignas);
        let member = Member {
            name: Some(name),
            ty,
            offset_bits: 0,
            bits: None,
            span,
            decl_tags: attrs.decl_tags,
        };
        Some(Draft { member: Some(member), field })
    }

    fn require_member_type(&mut self, ty: QualType, span: Span) -> bool {
        let is_own = self.record_of(ty.ty).is_some_and(|id| self.open_records.contains(&id));
        if is_own {
            let shown = self.show_qual(ty);
            self.report(
                Diagnostic::new(E0307, span, format!("`{shown}` cannot contain itself"))
                    .with_help("make the member a pointer"),
            );
            return false;
        }
        self.require_complete(ty.ty, span)
    }

    fn whole_field(&self, ty: TypeId, attrs: &Attrs, alignas: Option<u32>) -> Field {
        Field {
            size: self.module.types.size_of(ty).unwrap_or(0),
            align: self.declared_align(ty),
            bits: None,
            is_named: true,
            is_packed: attrs.is_packed,
            explicit_align: attrs.align.max(alignas),
        }
    }

    fn bit_field_member(
        &mut self,
        ty: QualType,
        name: Option<(Symbol, Span)>,
        bits: bpfc_parser::ast::ExprId,
        attrs: &Attrs,
        span: Span,
    ) -> Option<Draft> {
        let at = self.unit.exprs[bits].span;
        let width = self.const_expr(bits, "the width of a bit-field")?;
        let Some((type_bits, _)) = self.int_shape(ty.ty) else {
            let shown = self.show_qual(ty);
            self.error(E0311, span, format!("a bit-field is an integer, found `{shown}`"));
            return None;
        };
        let shown = self.show_qual(ty);
        let width = match u32::try_from(width) {
            Ok(width) if width <= type_bits => width,
            _ => {
                let message = format!(
                    "a bit-field of type `{shown}` has at most {type_bits} bits, found {width}"
                );
                self.error(E0311, at, message);
                return None;
            }
        };
        if width == 0 && name.is_some() {
            self.error(E0311, at, "only a bit-field without a name can have width 0");
            return None;
        }
        let member = name.map(|(name, span)| Member {
            name: Some(name),
            ty,
            offset_bits: 0,
            bits: Some(width),
            span,
            decl_tags: attrs.decl_tags.clone(),
        });
        let field = Field {
            bits: Some(width),
            is_named: name.is_some(),
            ..self.whole_field(ty.ty, attrs, None)
        };
        Some(Draft { member, field })
    }

    /// C11 6.7.2.1p18: only the last member may be a flexible array.
    fn check_flexible(&mut self, drafts: &[Draft]) {
        let members = drafts.iter().filter_map(|draft| draft.member.as_ref());
        let mut members = members.peekable();
        while let Some(member) = members.next() {
            let is_flexible = matches!(self.as_array(member.ty.ty), Some((_, None)));
            if is_flexible && members.peek().is_some() {
                let message = "only the last member of a struct can be an array without a length";
                self.error(E0311, member.span, message);
            }
        }
    }

    fn check_duplicates(&mut self, drafts: &[Draft]) {
        let mut seen: FxHashMap<Symbol, Span> = FxHashMap::default();
        let members: Vec<Member> = drafts.iter().filter_map(|draft| draft.member.clone()).collect();
        self.check_names(&members, &mut seen, 0);
    }

    fn check_names(&mut self, members: &[Member], seen: &mut FxHashMap<Symbol, Span>, depth: u32) {
        for member in members {
            match member.name {
                Some(name) => {
                    if let Some(&first) = seen.get(&name) {
                        let text = self.name(name);
                        self.report(
                            Diagnostic::new(
                                E0308,
                                member.span,
                                format!("there are two members `{text}`"),
                            )
                            .with_note_at(first, "the first one is here"),
                        );
                    } else {
                        seen.insert(name, member.span);
                    }
                }
                None if depth < crate::checker::MAX_DEPTH => {
                    let Some(inner) = self.record_of(member.ty.ty) else {
                        continue;
                    };
                    let Some(body) = self.module.types.records[inner].body.clone() else {
                        continue;
                    };
                    self.check_names(&body.members, seen, depth + 1);
                }
                None => {}
            }
        }
    }
}
