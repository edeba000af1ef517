//! Tables: objects in `maps/TYPE`, whose members are `key`, `leaf`, `max_entries` and
//! `map_flags` (`bpfc/bcc.h`).
//!
//! Source: the types of tables that BCC 0.35 accepts.

use crate::checker::Checker;
use crate::hir::{GlobalId, GlobalKind, IntKind, MapRole, MapSpec, MapStyle, Member, TypeId};
use bpfc_base::codes::bcc::{E0502, E0505};
use bpfc_base::codes::bpf::E0408;
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span};
use bpfc_kabi::MapType;

/// How the sections of tables begin.
pub(crate) const TABLE_SECTION: &str = "maps/";

/// Types of tables, and the kernel's type of each.
const TABLE_TYPES: &[(&str, MapType)] = &[
    ("array", MapType::Array),
    ("array_of_maps", MapType::ArrayOfMaps),
    ("bloom_filter", MapType::BloomFilter),
    ("cgroup_array", MapType::CgroupArray),
    ("cgroup_storage", MapType::CgroupStorage),
    ("cgrp_storage", MapType::CgrpStorage),
    ("cpumap", MapType::Cpumap),
    ("devmap", MapType::Devmap),
    ("devmap_hash", MapType::DevmapHash),
    ("hash", MapType::Hash),
    ("hash_of_maps", MapType::HashOfMaps),
    ("histogram", MapType::Hash),
    ("inode_storage", MapType::InodeStorage),
    ("lpm_trie", MapType::LpmTrie),
    ("lru_hash", MapType::LruHash),
    ("lru_percpu_hash", MapType::LruPercpuHash),
    ("percpu_array", MapType::PercpuArray),
    ("percpu_cgroup_storage", MapType::PercpuCgroupStorage),
    ("percpu_hash", MapType::PercpuHash),
    ("perf_array", MapType::PerfEventArray),
    ("perf_output", MapType::PerfEventArray),
    ("prog", MapType::ProgArray),
    ("queue", MapType::Queue),
    ("ringbuf", MapType::Ringbuf),
    ("sk_storage", MapType::SkStorage),
    ("sockhash", MapType::Sockhash),
    ("sockmap", MapType::Sockmap),
    ("stack", MapType::Stack),
    ("stacktrace", MapType::StackTrace),
    ("task_storage", MapType::TaskStorage),
    ("xskmap", MapType::Xskmap),
];

/// What a table's members say.
#[derive(Debug, Default)]
struct Members {
    key: Option<TypeId>,
    leaf: Option<TypeId>,
    max_entries: u32,
    map_flags: u32,
}

impl Checker<'_> {
    /// The object `global` in `section` is a table.
    pub(crate) fn define_table(&mut self, global: GlobalId, section: &str, span: Span) {
        let spec = self.table_spec(global, section, span);
        let spec = spec.unwrap_or(MapSpec { style: MapStyle::Bcc, ..MapSpec::default() });
        self.set_map(global, spec);
    }

    fn table_spec(&mut self, global: GlobalId, section: &str, span: Span) -> Option<MapSpec> {
        let kind = section.strip_prefix(TABLE_SECTION)?;
        let (kind, role) = split_role(kind);
        let (kind, path) = match kind.split_once(':') {
            Some((kind, path)) => (kind, Some(path)),
            None => (kind, None),
        };
        let (kind, inner) = match kind.split_once('$') {
            Some((kind, inner)) => (kind, Some(inner)),
            None => (kind, None),
        };
        let (kind, role) = match kind {
            "extern" => (self.foreign_kind(global), MapRole::Extern),
            _ => (kind.to_owned(), role),
        };
        let kind = &*kind;
        let map_type = self.table_type(kind, span)?;
        let members = self.table_members(global, span)?;
        // A member whose type is wrong is not in the struct, and was reported.
        let is_whole = members.key.is_some() && members.leaf.is_some();
        if !is_whole
            && members.key.or(members.leaf).is_some()
            && self.session.diagnostics.has_errors()
        {
            return None;
        }
        let mut spec = MapSpec {
            map_type: map_type.number(),
            key: members.key,
            value: members.leaf,
            max_entries: members.max_entries,
            map_flags: members.map_flags,
            style: MapStyle::Bcc,
            is_histogram: kind == "histogram",
            role,
            ..MapSpec::default()
        };
        if spec.is_histogram {
            self.histogram_type(&mut spec, span)?;
        }
        if map_type == MapType::StackTrace {
            spec.max_entries = spec.max_entries.checked_next_power_of_two()?;
        }
        spec.key_size = self.table_size(spec.key, "key", span)?;
        spec.value_size = self.table_size(spec.value, "leaf", span)?;
        if let Some(inner) = inner {
            spec.inner = Some(Box::new(self.inner_table(inner, span)?));
        }
        if let Some(path) = path {
            self.pin_table(&mut spec, global, path, span);
        }
        self.check_map_rules(&mut spec, span);
        Some(spec)
    }

    fn table_type(&mut self, kind: &str, span: Span) -> Option<MapType> {
        if let Some((_, ty)) = TABLE_TYPES.iter().find(|(name, _)| *name == kind) {
            return Some(*ty);
        }
        let message = format!("there is no kind of table `{kind}`");
        let diagnostic = Diagnostic::new(E0408, span, message);
        self.report(match most_similar(kind, TABLE_TYPES.iter().map(|(name, _)| *name)) {
            Some(similar) => diagnostic.with_help(format!("did you mean `{similar}`?")),
            None => diagnostic,
        });
        None
    }

    /// The type of another program's table: what it says of itself there.
    fn foreign_kind(&self, global: GlobalId) -> String {
        let name = self.name(self.module.globals[global].name);
        let mut known = self.options.tables.iter();
        known.find(|(table, _)| *table == *name).map_or("hash", |(_, kind)| kind).to_owned()
    }

    fn table_members(&mut self, global: GlobalId, span: Span) -> Option<Members> {
        let record = self.record_of(self.module.globals[global].ty.ty)?;
        let body = self.module.types.records[record].body.clone()?;
        let mut found = Members::default();
        for member in &body.members {
            let name = member.name.map(|name| self.name(name));
            match name.as_deref() {
                Some("key") => found.key = Some(self.table_member_type(member, span)?),
                Some("leaf") => found.leaf = Some(self.table_member_type(member, span)?),
                Some("max_entries") => found.max_entries = self.map_u32(member, span)?,
                Some("map_flags") => found.map_flags = self.map_u32(member, span)?,
                _ => {}
            }
        }
        Some(found)
    }

    fn table_member_type(&mut self, member: &Member, _span: Span) -> Option<TypeId> {
        Some(member.ty.ty).filter(|&ty| !self.is_error(ty) && self.complete_deeply(ty))
    }

    /// Size of a key or leaf; 0 for none. What has no complete type was reported with the
    /// struct that holds it.
    fn table_size(&mut self, ty: Option<TypeId>, what: &str, span: Span) -> Option<u32> {
        let Some(ty) = ty else { return Some(0) };
        let size = self.module.types.size_of(ty)?;
        let Ok(size) = u32::try_from(size) else {
            self.map_error(span, format!("the table's {what} is too large: {size} bytes"));
            return None;
        };
        Some(size)
    }

    /// A histogram over numbers is an array, one over anything else a hash.
    fn histogram_type(&mut self, spec: &mut MapSpec, span: Span) -> Option<()> {
        let leaf = spec.value?;
        if self.int_shape(leaf) != Some((64, false)) {
            let shown = self.show(leaf);
            let message = format!("a histogram counts in `u64`, found `{shown}`");
            self.report(Diagnostic::new(E0502, span, message));
            return None;
        }
        if spec.key.and_then(|key| self.module.types.int_kind(key)) == Some(IntKind::Int) {
            spec.map_type = MapType::Array.number();
        }
        Some(())
    }

    fn inner_table(&mut self, name: &str, span: Span) -> Option<MapSpec> {
        let symbol = self.session.intern(name);
        let mut tables = self.module.globals.iter();
        let found = tables.find(|global| global.name == symbol);
        if let Some(GlobalKind::Map(spec)) = found.map(|global| &global.kind) {
            return Some(spec.clone());
        }
        let message = format!("there is no table `{name}` to hold tables like");
        self.report(Diagnostic::new(E0502, span, message).with_help("define it above this one"));
        None
    }

    /// Pins are paths; one by the table's own name in the usual folder is as other loaders have it.
    fn pin_table(&mut self, spec: &mut MapSpec, global: GlobalId, path: &str, span: Span) {
        let name = self.name(self.module.globals[global].name);
        if path.strip_prefix("/sys/fs/bpf/") == Some(&*name) {
            spec.is_pinned_by_name = true;
        } else if path.starts_with('/') {
            spec.pin_path = Some(path.to_owned());
        } else {
            let message = format!("a table is pinned at a path, found `{path}`");
            self.report(
                Diagnostic::new(E0505, span, message)
                    .with_help(format!("write `\"/sys/fs/bpf/{name}\"`")),
            );
        }
    }

    /// The table that `global` is.
    pub(super) fn table_of(&self, global: GlobalId) -> Option<&MapSpec> {
        match &self.module.globals[global].kind {
            GlobalKind::Map(spec) if spec.style == MapStyle::Bcc => Some(spec),
            _ => None,
        }
    }
}

/// A section without how the table is shared, and this.
fn split_role(section: &str) -> (&str, MapRole) {
    match section.rsplit_once('@') {
        Some((section, "public")) => (section, MapRole::Public),
        Some((section, "shared")) => (section, MapRole::Shared),
        _ => (section, MapRole::Own),
    }
}
