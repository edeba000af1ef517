//! Structs, unions and enumerations (C11 6.7.2.1 to 6.7.2.3).

use crate::attrs::Attrs;
use crate::checker::Checker;
use crate::hir::{Enum, EnumId, IntKind, Origin, Record, RecordId, RecordKind, Type, TypeId};
use crate::scope::{Entity, Tag};
use bpfc_base::codes::types::{E0308, E0311, W0346};
use bpfc_base::{Diagnostic, Span, Symbol};
use bpfc_parser::ast::{self, Attribute, TagBody, TagKind, TagSpec, TagSpecId};

impl Checker<'_> {
    /// The type of a struct, union or enum specifier. `specs_attrs` stand around it.
    pub fn tag_spec(&mut self, id: TagSpecId, specs_attrs: &[Attribute], is_lone: bool) -> TypeId {
        if let Some(&ty) = self.tag_types.get(&id) {
            return ty;
        }
        let unit = self.unit;
        let spec = &unit.tag_specs[id];
        let tag = match &spec.body {
            None => {
                let tag = self.tag_reference(spec, is_lone);
                if let (Some(Tag::Enum(id)), Some(base)) = (tag, self.enum_base(spec)) {
                    self.module.types.enums[id].repr = Some(base);
                }
                tag
            }
            Some(body) => self.tag_definition(spec, body, specs_attrs),
        };
        let ty = match tag {
            Some(tag) => self.tag_type(tag),
            None => self.common.error,
        };
        self.tag_types.insert(id, ty);
        ty
    }

    /// The type of a tag.
    pub fn tag_type(&mut self, tag: Tag) -> TypeId {
        match tag {
            Tag::Record(record) => self.derive(Type::Record(record), Span::NONE),
            Tag::Enum(id) => self.derive(Type::Enum(id), Span::NONE),
        }
    }

    /// `struct s` without braces.
    fn tag_reference(&mut self, spec: &TagSpec, is_lone: bool) -> Option<Tag> {
        let (name, span) = spec.name?;
        if spec.kind == TagKind::Enum {
            self.demand_tag(name);
        }
        let found =
            if is_lone { self.scopes.find_tag_innermost(name) } else { self.scopes.find_tag(name) };
        if let Some((tag, at)) = found {
            return self.same_kind(spec, name, span, tag, at).then_some(tag);
        }
        if !is_lone {
            if let Some((tag, at)) = self.deferred_tag(name, span) {
                return self.same_kind(spec, name, span, tag, at).then_some(tag);
            }
            // No kernel has such a struct: asking for it would be a walk through all of its types.
            if let Some(event) = self.tracepoint_of(name) {
                return self.import_tracepoint(&event, name, span);
            }
            if let Some(tag) = self.import_tag(name, spec.kind) {
                return Some(tag);
            }
        }
        let tag = self.new_tag(spec.kind, Some(name), Origin::Source(span));
        if is_lone {
            self.scopes.declare_tag(name, tag, span);
        } else {
            // C would scope a tag that a prototype mentions first to that prototype, where
            // nothing can be done with it.
            if self.is_in_params && !self.is_bcc() && !self.is_from_system(span) {
                let (kind, text) = (keyword(spec.kind), self.name(name));
                let message =
                    format!("in C, this `{kind} {text}` is known in this parameter list only");
                self.report(
                    Diagnostic::new(W0346, span, message)
                        .with_help(format!("declare it before: `{kind} {text};`")),
                );
            }
            self.scopes.declare_tag_at_file_scope(name, tag, span);
        }
        Some(tag)
    }

    /// Reports a tag that is used as another kind than it was declared as.
    fn same_kind(&mut self, spec: &TagSpec, name: Symbol, span: Span, tag: Tag, at: Span) -> bool {
        let kind = self.tag_kind(tag);
        if kind == spec.kind {
            return true;
        }
        let text = self.name(name);
        let (found, declared) = (with_article(spec.kind), with_article(kind));
        self.report(
            Diagnostic::new(E0308, span, format!("`{text}` is {declared}, not {found}"))
                .with_note_at(at, "it is declared here"),
        );
        false
    }

    fn tag_kind(&self, tag: Tag) -> TagKind {
        match tag {
            Tag::Enum(_) => TagKind::Enum,
            Tag::Record(id) => match self.module.types.records[id].kind {
                RecordKind::Struct => TagKind::Struct,
                RecordKind::Union => TagKind::Union,
            },
        }
    }

    /// A new, incomplete tag.
    pub fn new_tag(&mut self, kind: TagKind, name: Option<Symbol>, origin: Origin) -> Tag {
        let record_kind = match kind {
            TagKind::Enum => {
                let new = Enum { name, repr: None, enumerators: Vec::new(), origin };
                return Tag::Enum(self.module.types.enums.push(new));
            }
            TagKind::Struct => RecordKind::Struct,
            TagKind::Union => RecordKind::Union,
        };
        Tag::Record(self.module.types.records.push(Record {
            kind: record_kind,
            name,
            body: None,
            origin,
            is_relocatable: matches!(origin, Origin::Kernel(_)),
            decl_tags: Vec::new(),
        }))
    }

    fn tag_definition(
        &mut self,
        spec: &TagSpec,
        body: &TagBody,
        specs_attrs: &[Attribute],
    ) -> Option<Tag> {
        let tag = self.tag_to_define(spec);
        let mut attrs = self.attrs(&[&spec.attrs]);
        self.take_type_attrs(specs_attrs, &mut attrs);
        match (tag, body) {
            (Tag::Record(record), TagBody::Members(members)) => {
                let state = &mut self.module.types.records[record];
                state.is_relocatable = attrs.is_relocatable;
                state.decl_tags = attrs.decl_tags.clone();
                self.define_record(record, members, &attrs, spec.pack, spec.span);
            }
            (Tag::Enum(id), TagBody::Enumerators(enumerators)) => {
                let base = self.enum_base(spec);
                self.define_enum(id, enumerators, &attrs, base, spec.span);
            }
            // The parser makes no such thing.
            _ => return None,
        }
        Some(tag)
    }

    /// Attributes after the closing brace that the parser left among the specifiers.
    fn take_type_attrs(&mut self, specs_attrs: &[Attribute], attrs: &mut Attrs) {
        for attribute in specs_attrs {
            let name = self.name(attribute.name);
            if matches!(&*name, "packed" | "aligned" | "preserve_access_index") {
                let one = self.attrs(&[std::slice::from_ref(attribute)]);
                attrs.is_packed |= one.is_packed;
                attrs.is_relocatable |= one.is_relocatable;
                attrs.align = attrs.align.max(one.align);
            }
        }
    }

    /// The tag that a definition completes: one declared in this scope, or a new one.
    fn tag_to_define(&mut self, spec: &TagSpec) -> Tag {
        let Some((name, span)) = spec.name else {
            return self.new_tag(spec.kind, None, Origin::Source(spec.span));
        };
        if self.scopes.is_file_scope() {
            self.demand_tag(name);
        }
        let found = self.scopes.find_tag_innermost(name);
        // What the program defines itself wins over the headers that bpfc carries.
        let is_own = !self.is_builtin(span);
        let found =
            found.filter(|(tag, at)| !(is_own && self.is_builtin(*at) && self.is_defined(*tag)));
        let declared = match found {
            Some((tag, at)) if self.same_kind(spec, name, span, tag, at) => {
                if !self.is_defined(tag) {
                    Some(tag)
                } else {
                    let text = self.name(name);
                    let keyword = keyword(spec.kind);
                    self.report(
                        Diagnostic::new(
                            E0308,
                            span,
                            format!("`{keyword} {text}` is defined twice"),
                        )
                        .with_note_at(at, "the first definition is here"),
                    );
                    None
                }
            }
            Some(_) => None,
            None => self.import_to_take_over(name, spec.kind),
        };
        let origin = Origin::Source(span);
        let tag = match declared {
            Some(tag) => {
                match tag {
                    Tag::Record(id) => self.module.types.records[id].origin = origin,
                    Tag::Enum(id) => self.module.types.enums[id].origin = origin,
                }
                tag
            }
            None => self.new_tag(spec.kind, Some(name), origin),
        };
        self.scopes.declare_tag(name, tag, span);
        tag
    }

    /// Whether a tag has its body, or is just getting it.
    fn is_defined(&self, tag: Tag) -> bool {
        match tag {
            Tag::Record(id) => {
                self.module.types.records[id].body.is_some() || self.open_records.contains(&id)
            }
            // C23: with its type it is complete, though not defined yet.
            Tag::Enum(id) => !self.module.types.enums[id].enumerators.is_empty(),
        }
    }

    /// A kernel record named before the source defined one of that name: the source's
    /// definition takes its place, as long as nobody looked inside.
    fn import_to_take_over(&mut self, name: Symbol, kind: TagKind) -> Option<Tag> {
        if !self.scopes.is_file_scope() {
            return None;
        }
        let tag = self.imports.tag(name, kind)?;
        if self.is_defined(tag) {
            return None;
        }
        let origin = match tag {
            Tag::Record(id) => self.module.types.records[id].origin,
            Tag::Enum(id) => self.module.types.enums[id].origin,
        };
        let Origin::Kernel(id) = origin else {
            return None;
        };
        self.imports.forget_tag(name, kind, id);
        Some(tag)
    }

    /// C23 6.7.2.2: the type that an enumeration is told to have.
    fn enum_base(&mut self, spec: &TagSpec) -> Option<IntKind> {
        let name = spec.base?;
        let ty = self.type_name(name);
        let kind = self.module.types.int_kind(ty.ty);
        if kind.is_none() && !self.is_error(ty.ty) {
            let span = self.unit.type_names[name].span;
            let shown = self.show_qual(ty);
            self.error(
                E0311,
                span,
                format!("the type of an enumeration is an integer type, found `{shown}`"),
            );
        }
        kind
    }

    fn define_enum(
        &mut self,
        id: EnumId,
        enumerators: &[ast::Enumerator],
        attrs: &Attrs,
        base: Option<IntKind>,
        span: Span,
    ) {
        let mut values: Vec<(Symbol, i128)> = Vec::with_capacity(enumerators.len());
        let mut next: i128 = 0;
        for enumerator in enumerators {
            let value = match enumerator.value {
                Some(value) => self.const_expr(value, "the value of an enumerator").unwrap_or(next),
                None => next,
            };
            let is_in_range = value >= i128::from(i64::MIN) && value <= i128::from(u64::MAX);
            let value = if base.is_some_and(|kind| crate::fold::wrap_kind(value, kind) != value) {
                let text = self.name(enumerator.name);
                let message = format!("the type of this enumeration cannot hold {value}: `{text}`");
                self.error(E0311, enumerator.span, message);
                0
            } else if is_in_range {
                value
            } else {
                self.error(
                    E0311,
                    enumerator.span,
                    format!("the value {value} needs more than 64 bits"),
                );
                0
            };
            next = value + 1;
            values.push((enumerator.name, value));
            let ty = match base {
                // C23 6.7.2.2p15.
                Some(kind) => self.int_type(kind),
                None => self.enumerator_type(value),
            };
            self.declare_enumerator(enumerator, value, ty);
        }
        let repr = enum_repr(&values, attrs.is_packed);
        let repr = match (base, attrs.mode_bits) {
            (Some(base), _) => base,
            (None, Some(bits)) => Self::kind_of_mode(repr, bits),
            (None, None) => repr,
        };
        if values.iter().any(|(_, v)| *v < 0) && values.iter().any(|(_, v)| *v > i64::MAX.into()) {
            self.error(E0311, span, "no integer type holds all values of this enumeration");
        }
        let state = &mut self.module.types.enums[id];
        state.repr = Some(repr);
        state.enumerators = values;
    }

    /// C11 6.7.2.2p3: `int`; GNU C takes a wider type for wider values.
    pub fn enumerator_type(&mut self, value: i128) -> TypeId {
        if i32::try_from(value).is_ok() {
            self.common.int
        } else if u32::try_from(value).is_ok() {
            self.common.uint
        } else if i64::try_from(value).is_ok() {
            self.common.long
        } else {
            self.common.ulong
        }
    }

    fn declare_enumerator(&mut self, enumerator: &ast::Enumerator, value: i128, ty: TypeId) {
        if self.scopes.is_file_scope() {
            self.demand_name(enumerator.name);
        }
        if let Some(old) = self.scopes.find_innermost(enumerator.name)
            && !matches!(old.entity, Entity::Error)
            && !self.is_builtin(old.span)
        {
            let text = self.name(enumerator.name);
            self.report(
                Diagnostic::new(E0308, enumerator.span, format!("`{text}` is declared twice"))
                    .with_note_at(old.span, "the first declaration is here"),
            );
        }
        let entity = Entity::Enumerator { value, ty };
        self.scopes.declare(enumerator.name, entity, enumerator.span);
    }

    /// Marks `record` as being defined while `inner` runs.
    pub fn with_open_record(&mut self, record: RecordId, inner: impl FnOnce(&mut Self)) {
        self.open_records.insert(record);
        inner(self);
        self.open_records.remove(&record);
    }
}

/// The integer type that holds an enumeration: `unsigned int` where that does, as GNU C.
pub(crate) fn enum_repr(values: &[(Symbol, i128)], is_packed: bool) -> IntKind {
    let low = values.iter().map(|(_, value)| *value).min().unwrap_or(0);
    let high = values.iter().map(|(_, value)| *value).fold(0, i128::max);
    let signed = [IntKind::SChar, IntKind::Short, IntKind::Int, IntKind::Long];
    let candidates = signed.map(|kind| if low < 0 { kind } else { kind.to_unsigned() });
    let smallest = if is_packed { 0 } else { 2 };
    let fits = |kind: &&IntKind| {
        let bits = kind.bits() - u32::from(kind.is_signed());
        high >> bits == 0 && (low >= 0 || -1 - low < 1i128 << bits)
    };
    candidates[smallest..].iter().find(fits).copied().unwrap_or(IntKind::ULong)
}

fn with_article(kind: TagKind) -> String {
    let article = if kind == TagKind::Enum { "an" } else { "a" };
    format!("{article} {}", keyword(kind))
}

/// `struct`, `union` or `enum`.
pub(crate) fn keyword(kind: TagKind) -> &'static str {
    match kind {
        TagKind::Struct => "struct",
        TagKind::Union => "union",
        TagKind::Enum => "enum",
    }
}
