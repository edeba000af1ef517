//! Maps in `.maps`: `int (*name)[N]` is a number, `T *name` a type, `T *name[]` values.
//!
//! Source: `parse_btf_map_def`, `tools/lib/bpf/libbpf.c` (Linux 6.12).

use crate::checker::Checker;
use crate::hir::{GlobalId, GlobalInit, InitTarget, MapSpec, Member, QualType, Type, TypeId};
use bpfc_base::codes::bpf::E0408;
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span};

/// Members that a map's definition may have.
const MEMBERS: &[&str] = &[
    "type",
    "max_entries",
    "map_flags",
    "numa_node",
    "key_size",
    "key",
    "value_size",
    "value",
    "values",
    "pinning",
    "map_extra",
];

/// `LIBBPF_PIN_BY_NAME`.
const PIN_BY_NAME: u64 = 1;

impl Checker<'_> {
    /// The map that a struct type defines; `None` if it was reported.
    pub(super) fn btf_map_spec(&mut self, ty: TypeId, span: Span, depth: u32) -> Option<MapSpec> {
        let Some(record) = self.record_of(ty).filter(|_| self.complete(ty)) else {
            let shown = self.show(ty);
            self.map_error(span, format!("a map in `.maps` is a struct, found `{shown}`"));
            return None;
        };
        let body = self.module.types.records[record].body.clone()?;
        let mut spec = MapSpec::default();
        let mut is_bad = false;
        for member in &body.members {
            is_bad |= self.map_member(member, &mut spec, span, depth).is_none();
        }
        (!is_bad).then_some(spec)
    }

    /// Whether a key or value of the map has a type that is not complete yet.
    pub(super) fn awaits_type(&mut self, map: TypeId) -> bool {
        let mut work = vec![map];
        while let Some(ty) = work.pop() {
            let record = self.record_of(ty).filter(|_| self.complete(ty));
            let body = record.and_then(|record| self.module.types.records[record].body.clone());
            for member in body.iter().flat_map(|body| &body.members) {
                let name = member.name.map(|name| self.name(name));
                match name.as_deref() {
                    Some("key" | "value") => {
                        if let Some(to) = self.pointee(member.ty.ty)
                            && self.record_of(to.ty).is_some()
                            && !self.complete_deeply(to.ty)
                        {
                            return true;
                        }
                    }
                    // No deeper than maps go.
                    Some("values") if ty == map => {
                        let elem = self.as_array(member.ty.ty).map(|(elem, _)| elem.ty);
                        work.extend(elem.and_then(|elem| self.pointee(elem)).map(|to| to.ty));
                    }
                    _ => {}
                }
            }
        }
        false
    }

    fn map_member(
        &mut self,
        member: &Member,
        spec: &mut MapSpec,
        map_span: Span,
        depth: u32,
    ) -> Option<()> {
        let at = if member.span.is_none() { map_span } else { member.span };
        let name = member.name.map(|name| self.name(name));
        let name = name.as_deref().unwrap_or("");
        match name {
            "type" => spec.map_type = self.map_u32(member, at)?,
            "max_entries" => spec.max_entries = self.map_u32(member, at)?,
            "map_flags" => spec.map_flags = self.map_u32(member, at)?,
            "numa_node" => spec.numa_node = self.map_u32(member, at)?,
            "map_extra" => spec.map_extra = self.map_number(member, at)?,
            "key_size" => {
                let size = self.map_u32(member, at)?;
                self.same_size(spec.key_size, size, "key", at)?;
                spec.key_size = size;
            }
            "value_size" => {
                let size = self.map_u32(member, at)?;
                self.same_size(spec.value_size, size, "value", at)?;
                spec.value_size = size;
            }
            "key" => {
                let (ty, size) = self.map_type(member, at)?;
                self.same_size(spec.key_size, size, "key", at)?;
                (spec.key, spec.key_size) = (Some(ty), size);
            }
            "value" => {
                let (ty, size) = self.map_type(member, at)?;
                self.same_size(spec.value_size, size, "value", at)?;
                (spec.value, spec.value_size) = (Some(ty), size);
            }
            "values" => self.map_values_member(member, spec, at, depth)?,
            "pinning" => match self.map_number(member, at)? {
                0 => {}
                PIN_BY_NAME => spec.is_pinned_by_name = true,
                other => {
                    self.map_error(at, format!("there is no pinning {other}"));
                    return None;
                }
            },
            _ => {
                self.unknown_map_member(name, at);
                return None;
            }
        }
        Some(())
    }

    fn unknown_map_member(&mut self, name: &str, at: Span) {
        let mut diagnostic =
            Diagnostic::new(E0408, at, format!("a map's definition has no member `{name}`"));
        diagnostic = match most_similar(name, MEMBERS.iter().copied()) {
            Some(similar) => crate::suggest(diagnostic, at, similar),
            None => diagnostic.with_note(format!("its members are {}", MEMBERS.join(", "))),
        };
        self.report(diagnostic);
    }

    /// The number that `int (*name)[N]` holds, or `enum { …  = N } name` for 64 bits.
    fn map_number(&mut self, member: &Member, at: Span) -> Option<u64> {
        let by_array = self
            .module
            .types
            .pointee(member.ty.ty)
            .and_then(|to| self.as_array(to.ty))
            .and_then(|(_, len)| len);
        if by_array.is_some() {
            return by_array;
        }
        if let Type::Enum(id) = self.resolved(member.ty.ty)
            && let [(_, value)] = self.module.types.enums[*id].enumerators[..]
        {
            return u64::try_from(value).ok();
        }
        let (name, shown) = (self.member_name(member), self.show_qual(member.ty));
        self.report(
            Diagnostic::new(E0408, at, format!("the map's `{name}` is a number, found `{shown}`"))
                .with_help(format!("write `__uint({name}, …)`")),
        );
        None
    }

    pub(crate) fn map_u32(&mut self, member: &Member, at: Span) -> Option<u32> {
        let number = self.map_number(member, at)?;
        match u32::try_from(number) {
            Ok(number) => Some(number),
            Err(_) => {
                let name = self.member_name(member);
                self.map_error(
                    at,
                    format!("the map's `{name}` has 32 bits: {number} is too large"),
                );
                None
            }
        }
    }

    fn member_name(&self, member: &Member) -> String {
        member.name.map_or(String::new(), |name| self.session.name(name).to_owned())
    }

    /// The type that `T *name` gives, and its size.
    fn map_type(&mut self, member: &Member, at: Span) -> Option<(TypeId, u32)> {
        let name = self.member_name(member);
        let Some(QualType { ty, .. }) = self.pointee(member.ty.ty) else {
            let shown = self.show_qual(member.ty);
            self.report(
                Diagnostic::new(
                    E0408,
                    at,
                    format!("the map's `{name}` is a type, found `{shown}`"),
                )
                .with_help(format!("write `__type({name}, …)`")),
            );
            return None;
        };
        if self.is_error(ty) {
            return None;
        }
        if !self.complete_deeply(ty) {
            let shown = self.show(ty);
            self.map_error(at, format!("the map's {name} has the incomplete type `{shown}`"));
            return None;
        }
        let size = self.module.types.size_of(ty)?;
        match u32::try_from(size) {
            Ok(size) => Some((ty, size)),
            Err(_) => {
                self.map_error(at, format!("the map's {name} is too large: {size} bytes"));
                None
            }
        }
    }

    fn same_size(&mut self, known: u32, new: u32, what: &str, at: Span) -> Option<()> {
        if known != 0 && known != new {
            let message = format!("the map's {what} has {known} bytes, and here {new}");
            self.map_error(at, message);
            return None;
        }
        Some(())
    }

    /// `values`: what the elements of a map of maps or programs are.
    fn map_values_member(
        &mut self,
        member: &Member,
        spec: &mut MapSpec,
        at: Span,
        depth: u32,
    ) -> Option<()> {
        let elem = self.as_array(member.ty.ty).map(|(elem, _)| elem.ty);
        let Some(to) = elem.and_then(|elem| self.pointee(elem)) else {
            let shown = self.show_qual(member.ty);
            self.report(
                Diagnostic::new(
                    E0408,
                    at,
                    format!("the map's `values` are pointers, found `{shown}`"),
                )
                .with_help("write `__array(values, …)`"),
            );
            return None;
        };
        if self.is_func(to.ty) {
            spec.value_size = 4;
            return Some(());
        }
        if depth > 0 {
            self.map_error(at, "a map inside a map cannot hold maps itself");
            return None;
        }
        let mut inner = self.btf_map_spec(to.ty, at, depth + 1)?;
        self.check_map_rules(&mut inner, at);
        spec.inner = Some(Box::new(inner));
        spec.value_size = 4;
        Some(())
    }

    /// The elements that the initialiser of `global` gives its `values`.
    pub(super) fn map_values(&mut self, global: GlobalId) -> Option<Vec<(u32, InitTarget)>> {
        let node = &self.module.globals[global];
        let record = self.record_of(node.ty.ty)?;
        let body = self.module.types.records[record].body.as_ref()?;
        let values = body
            .members
            .iter()
            .find(|member| member.name.is_some_and(|name| self.session.name(name) == "values"))?;
        let start = values.offset_bits / 8;
        let GlobalInit::Data { relocs, .. } = &node.init else {
            return None;
        };
        let elements = relocs.iter().filter(|reloc| reloc.offset >= start);
        Some(elements.map(|reloc| (((reloc.offset - start) / 8) as u32, reloc.target)).collect())
    }
}
