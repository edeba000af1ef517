//! Actions of the grammar's rules for declarations (C11 6.7).

use super::scopes::NameKind;
use super::specs::{Fixed, Qual, SpecItem, Specs, invalid};
use super::state::{Inner, ParseState};
use crate::ast::*;
use crate::pp::Pragma;
use bpfc_base::{Diagnostic, Idx, codes};

/// Pointers, arrays and functions that one declarator may stack.
const MAX_DERIVED: usize = 256;

#[allow(clippy::boxed_local, reason = "big values stay off the parser's stack")]
impl ParseState<'_> {
    pub(crate) fn first_spec(&self, l: u32, r: u32, item: SpecItem) -> Box<Specs> {
        self.add_spec(Box::new(Specs::new(l)), l, r, item)
    }

    pub(crate) fn add_spec(
        &self,
        mut specs: Box<Specs>,
        l: u32,
        r: u32,
        item: SpecItem,
    ) -> Box<Specs> {
        specs.end = r;
        match item {
            SpecItem::Storage(storage) => {
                let mut inner = self.inner();
                let span = inner.span(l, r);
                if let Some((old, old_span)) = specs.storage {
                    let message = match old == storage {
                        true => "storage class is given twice",
                        false => "two storage classes in one declaration",
                    };
                    let report = invalid(span, message).with_secondary(old_span, "the first one");
                    inner.reports.push(report);
                }
                if specs.storage.is_none() || storage == Storage::Typedef {
                    specs.storage = Some((storage, span));
                }
            }
            SpecItem::Inline => specs.is_inline = true,
            SpecItem::Noreturn => specs.is_noreturn = true,
            SpecItem::ThreadLocal => specs.is_thread_local = true,
            SpecItem::Qual(qual) => qual.add_to(&mut specs.quals),
            SpecItem::Alignas(alignas) => specs.alignas.push(alignas),
            SpecItem::Word(word) => specs.add_word(word),
            SpecItem::Attributes(attrs) => match specs.tag_end {
                Some((tag, end)) if end == l => {
                    self.inner().tree.tag_specs[tag].attrs.extend(attrs);
                    specs.tag_end = Some((tag, r));
                }
                _ => specs.attrs.extend(attrs),
            },
            SpecItem::Type(fixed) => {
                if let Fixed::Tag(tag) = fixed
                    && self.inner().tree.tag_specs[tag].body.is_some()
                {
                    specs.tag_end = Some((tag, r));
                }
                specs.fixed = Some(fixed);
            }
        }
        specs
    }

    pub(crate) fn declaration(
        &self,
        l: u32,
        r: u32,
        specs: Box<Specs>,
        declarators: Vec<InitDeclarator>,
    ) -> Box<Declaration> {
        let mut inner = self.inner();
        let span = inner.span(l, r);
        let specs = inner.finish_specs(specs);
        Box::new(Declaration::Names { specs, declarators, span })
    }

    pub(crate) fn member_decl(
        &self,
        l: u32,
        r: u32,
        specs: Box<Specs>,
        declarators: Vec<MemberDeclarator>,
    ) -> Box<MemberDecl> {
        let mut inner = self.inner();
        let span = inner.span(l, r);
        let specs = inner.finish_specs(specs);
        Box::new(MemberDecl::Members { specs, declarators, span })
    }

    pub(crate) fn member_assert(&self, declaration: Declaration) -> Box<MemberDecl> {
        Box::new(match declaration {
            Declaration::StaticAssert { cond, message, span } => {
                MemberDecl::StaticAssert { cond, message, span }
            }
            Declaration::Names { .. } => unreachable!("the grammar passes assertions only"),
        })
    }

    pub(crate) fn attribute(&self, l: u32, r: u32, args: Vec<AttrArg>) -> Attribute {
        let mut inner = self.inner();
        let symbol = inner.tokens[l as usize].symbol;
        let text = inner.session.names.resolve_shared(symbol);
        let bare = text.strip_prefix("__").and_then(|text| text.strip_suffix("__"));
        let name = match bare {
            Some(bare) => inner.session.intern(bare),
            None => symbol,
        };
        let span = inner.span(l, r);
        Attribute { name, args, span }
    }

    pub(crate) fn tag(
        &self,
        l: u32,
        r: u32,
        kind: TagKind,
        attrs: Vec<Attribute>,
        name: Option<u32>,
        body: Option<TagBody>,
    ) -> TagSpecId {
        let mut inner = self.inner();
        let name = name.map(|name| inner.name(name));
        let span = inner.span(l, r);
        let mut tag = TagSpec { kind, name, base: None, body, attrs, pack: None, span };
        if tag.body.is_some() && !inner.stream.pragmas.is_empty() {
            inner.apply_pragmas(&mut tag, r - 1);
        }
        let height = inner.tag_height(&tag);
        let height = inner.limit_height(height, span);
        if height.is_none() {
            tag.body = None;
        }
        inner.heights.tag_specs.push(height.unwrap_or(1));
        inner.tree.tag_specs.push(tag)
    }

    /// `enum name : base { … }`
    pub(crate) fn typed_enum(
        &self,
        l: u32,
        r: u32,
        attrs: Vec<Attribute>,
        name: Option<u32>,
        base: TypeNameId,
        body: Option<TagBody>,
    ) -> TagSpecId {
        let id = self.tag(l, r, TagKind::Enum, attrs, name, body);
        let mut inner = self.inner();
        let height = inner.th(base).saturating_add(1);
        let of_tag = &mut inner.heights.tag_specs[id.index()];
        *of_tag = height.max(*of_tag);
        inner.tree.tag_specs[id].base = Some(base);
        id
    }

    pub(crate) fn enumerator(&self, name: u32, value: Option<ExprId>) -> Enumerator {
        let (name, span) = self.inner().name(name);
        Enumerator { name, value, span }
    }

    pub(crate) fn no_name(&self, at: u32) -> Box<Declarator> {
        let span = self.inner().span(at, at);
        Box::new(Declarator { name: None, derived: Vec::new(), attrs: Vec::new(), span })
    }

    pub(crate) fn named(&self, name: u32) -> Box<Declarator> {
        let (symbol, span) = self.inner().name(name);
        Box::new(Declarator {
            name: Some((symbol, span)),
            derived: Vec::new(),
            attrs: Vec::new(),
            span,
        })
    }

    pub(crate) fn attributed(
        &self,
        attrs: Vec<Attribute>,
        mut declarator: Box<Declarator>,
    ) -> Box<Declarator> {
        declarator.attrs.extend(attrs);
        declarator
    }

    pub(crate) fn parenthesized(
        &self,
        l: u32,
        r: u32,
        mut inner: Box<Declarator>,
    ) -> Box<Declarator> {
        inner.span = self.span(l, r);
        inner
    }

    pub(crate) fn pointer(&self, items: Vec<SpecItem>) -> Derivation {
        let mut quals = Quals::default();
        let mut attrs = Vec::new();
        for item in items {
            match item {
                SpecItem::Qual(qual) => qual.add_to(&mut quals),
                SpecItem::Attributes(more) => attrs.extend(more),
                _ => unreachable!("the grammar passes qualifiers and attributes only"),
            }
        }
        Derivation::Pointer { quals, attrs }
    }

    /// The declarator with its pointers; in the source the outermost comes first.
    pub(crate) fn pointer_to(
        &self,
        l: u32,
        pointers: Vec<Derivation>,
        mut declarator: Box<Declarator>,
    ) -> Box<Declarator> {
        let mut inner = self.inner();
        inner.limit_derived(&mut declarator, pointers.len());
        declarator.derived.extend(pointers.into_iter().rev().take(MAX_DERIVED));
        let first = inner.span(l, l + 1);
        declarator.span = inner.session.sources.join(first, declarator.span);
        declarator
    }

    pub(crate) fn derive(
        &self,
        mut declarator: Box<Declarator>,
        derivation: Derivation,
        r: u32,
    ) -> Box<Declarator> {
        let mut inner = self.inner();
        inner.limit_derived(&mut declarator, 1);
        declarator.derived.push(derivation);
        let last = inner.span(r - 1, r);
        declarator.span = inner.session.sources.join(declarator.span, last);
        declarator
    }

    pub(crate) fn array(
        &self,
        l: u32,
        r: u32,
        items: Vec<SpecItem>,
        size: Option<ExprId>,
    ) -> Derivation {
        let mut quals = Quals::default();
        for item in &items {
            if let SpecItem::Qual(qual) = item {
                Qual::add_to(*qual, &mut quals);
            }
        }
        let span = self.span(l, r);
        Derivation::Array { size, quals, span }
    }

    pub(crate) fn function(
        &self,
        l: u32,
        r: u32,
        mut params: Vec<Param>,
        is_variadic: bool,
    ) -> Derivation {
        // C11 6.7.6.3p10: `(void)` means that there are no parameters.
        let is_void = |param: &Param| {
            matches!(param.specs.ty, TypeSpec::Void)
                && param.declarator.name.is_none()
                && param.declarator.derived.is_empty()
        };
        if !is_variadic && params.len() == 1 && is_void(&params[0]) {
            params.clear();
        }
        Derivation::Function { params, is_variadic, is_unprototyped: false, span: self.span(l, r) }
    }

    pub(crate) fn unprototyped(&self, l: u32, r: u32) -> Derivation {
        Derivation::Function {
            params: Vec::new(),
            is_variadic: false,
            is_unprototyped: true,
            span: self.span(l, r),
        }
    }

    pub(crate) fn param(
        &self,
        l: u32,
        r: u32,
        specs: Box<Specs>,
        declarator: Box<Declarator>,
        attrs: Vec<Attribute>,
    ) -> Box<Param> {
        let mut inner = self.inner();
        let span = inner.span(l, r);
        let specs = inner.finish_specs(specs);
        Box::new(Param { specs, declarator: *declarator, attrs, span })
    }

    pub(crate) fn type_name(
        &self,
        l: u32,
        r: u32,
        specs: Box<Specs>,
        declarator: Option<Box<Declarator>>,
    ) -> TypeNameId {
        let declarator = declarator.unwrap_or_else(|| self.no_name(r));
        let mut inner = self.inner();
        let span = inner.span(l, r);
        let specs = inner.finish_specs(specs);
        let mut name = TypeName { specs, declarator: *declarator, span };
        let height = inner.specs_height(&name.specs).max(inner.declarator_height(&name.declarator));
        let height = inner.limit_height(height, span);
        if height.is_none() {
            name.specs.ty = TypeSpec::Error;
            name.declarator.derived.clear();
        }
        inner.heights.type_names.push(height.unwrap_or(1));
        inner.tree.type_names.push(name)
    }
}

#[allow(clippy::boxed_local, reason = "big values stay off the parser's stack")]
impl Inner<'_> {
    /// Reports a type with more than [`MAX_DERIVED`] derivations, and begins it anew.
    fn limit_derived(&mut self, declarator: &mut Declarator, n_more: usize) {
        if declarator.derived.len() + n_more > MAX_DERIVED {
            declarator.derived.clear();
            let message = format!("the type is derived more than {MAX_DERIVED} times");
            let report = Diagnostic::new(codes::parse::E0202, declarator.span, message);
            if !self.reports.iter().any(|old| old.code == report.code) {
                self.reports.push(report);
            }
        }
    }

    pub(super) fn finish_specs(&mut self, mut specs: Box<Specs>) -> DeclSpecs {
        let span = self.span(specs.start, specs.end);
        let ty = match specs.fixed {
            None if specs.is_only_attributes() => TypeSpec::Error,
            None if specs.has_no_type() => {
                let report = invalid(span, "the declaration has no type")
                    .with_help("name a type, such as `int`");
                self.reports.push(report);
                TypeSpec::Error
            }
            None => match specs.words_type() {
                Ok(ty) => ty,
                Err(message) => {
                    self.reports.push(invalid(span, message));
                    TypeSpec::Error
                }
            },
            Some(Fixed::Void) => TypeSpec::Void,
            Some(Fixed::Bool) => TypeSpec::Bool,
            Some(Fixed::Auto) => TypeSpec::AutoType,
            Some(Fixed::VaList) => TypeSpec::VaList,
            Some(Fixed::Int128) => TypeSpec::Int128,
            Some(Fixed::UInt128) => TypeSpec::UInt128,
            Some(Fixed::Tag(tag)) => TypeSpec::Tag(tag),
            Some(Fixed::TypeofExpr(value)) => TypeSpec::TypeofExpr(value),
            Some(Fixed::TypeofType(ty)) => TypeSpec::TypeofType(ty),
            Some(Fixed::TypeofUnqualExpr(value)) => TypeSpec::TypeofUnqualExpr(value),
            Some(Fixed::TypeofUnqualType(ty)) => TypeSpec::TypeofUnqualType(ty),
            Some(Fixed::Atomic(ty)) => {
                specs.quals.is_atomic = true;
                TypeSpec::TypeofType(ty)
            }
            Some(Fixed::Typedef(name)) => {
                let (symbol, span) = self.name(name);
                match self.scopes.get(symbol) {
                    NameKind::UnknownType => TypeSpec::Error,
                    _ => TypeSpec::Typedef(symbol, span),
                }
            }
        };
        specs.finish(ty, span)
    }

    /// Puts in what `#pragma pack` and `#pragma clang attribute` say of a record whose
    /// closing brace is token `at`.
    fn apply_pragmas(&mut self, tag: &mut TagSpec, at: u32) {
        let stream = self.stream;
        let n_before = stream.pragmas.partition_point(|pragma| pragma.index <= at);
        let mut is_pack_known = false;
        let mut are_attributes_known = tag.kind == TagKind::Enum;
        for pragma in stream.pragmas[..n_before].iter().rev() {
            match &pragma.pragma {
                Pragma::Pack(pack) if !is_pack_known => {
                    is_pack_known = true;
                    tag.pack = *pack;
                }
                Pragma::RecordAttributes(names) if !are_attributes_known => {
                    are_attributes_known = true;
                    tag.attrs.extend(names.iter().map(|&name| Attribute {
                        name,
                        args: Vec::new(),
                        span: pragma.span,
                    }));
                }
                _ => {}
            }
            if is_pack_known && are_attributes_known {
                break;
            }
        }
    }
}
