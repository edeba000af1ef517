//! Tables: variables in `maps/KIND`, with members `key`, `leaf`, `max_entries` and `flags`.

use super::Table;
use crate::checker::Checker;
use crate::hir::{GlobalId, GlobalInit, GlobalKind, MapSpec, MapStyle, Member};
use bpfc_base::codes::bpf::E0408;
use bpfc_base::similar::most_similar;
use bpfc_base::{Diagnostic, Span};
use bpfc_kabi::MapType;

/// The kinds of tables by the names that `BPF_TABLE` gives them.
const KINDS: &[(&str, MapType)] = &[
    ("array", MapType::Array),
    ("array_of_maps", MapType::ArrayOfMaps),
    ("cgroup_array", MapType::CgroupArray),
    ("cgroup_storage", MapType::CgroupStorage),
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

impl Checker<'_> {
    /// Makes `global`, in section `maps/KIND`, a map; false if the section is none of a
    /// table.
    pub fn define_table(&mut self, global: GlobalId, section: &str, span: Span) -> bool {
        let Some(kind) = section.strip_prefix("maps/").filter(|_| self.is_bcc()) else {
            return false;
        };
        let Some(&(_, map_type)) = KINDS.iter().find(|(name, _)| *name == kind) else {
            let message = format!("there is no kind of table `{kind}`");
            let mut diagnostic = Diagnostic::new(E0408, span, message);
            if let Some(similar) = most_similar(kind, KINDS.iter().map(|(name, _)| *name)) {
                diagnostic = diagnostic.with_help(format!("did you mean `{similar}`?"));
            }
            self.report(diagnostic);
            return true;
        };
        let ty = self.module.globals[global].ty;
        let record = self.record_of(ty.ty);
        let body = record.and_then(|record| self.module.types.records[record].body.clone());
        let Some(body) = body else { return true };
        let member = |name: &str| {
            body.members
                .iter()
                .find(|member| member.name.is_some_and(|n| self.session.name(n) == name))
                .cloned()
        };
        let (Some(key), Some(leaf)) = (member("key"), member("leaf")) else {
            self.error(E0408, span, "a table has members `key` and `leaf`");
            return true;
        };
        let number = |member: Option<Member>| self.member_value(global, member.as_ref());
        let max_entries = number(member("max_entries"));
        let flags = number(member("flags"));
        // A histogram over numbers is an array of slots.
        let is_histogram = kind == "histogram";
        let is_slots = is_histogram && self.module.types.size_of(key.ty.ty) == Some(4);
        let is_slots = is_slots && self.is_integer(key.ty.ty);
        let map_type = if is_slots { MapType::Array } else { map_type };
        let mut spec = self.table_spec(map_type, &key, &leaf);
        spec.max_entries = u32::try_from(max_entries).unwrap_or(u32::MAX);
        spec.map_flags = flags as u32;
        spec.is_histogram = is_histogram;
        self.check_map_rules(&mut spec, span);
        let table = Table {
            map_type: spec.map_type,
            key: key.ty,
            leaf: leaf.ty,
        };
        self.bcc.tables.insert(global, table);
        let node = &mut self.module.globals[global];
        node.kind = GlobalKind::Map(spec);
        node.init = GlobalInit::Zero;
        true
    }

    fn table_spec(&self, map_type: MapType, key: &Member, leaf: &Member) -> MapSpec {
        let size = |member: &Member| {
            let size = self.module.types.size_of(member.ty.ty).unwrap_or(0);
            u32::try_from(size).unwrap_or(u32::MAX)
        };
        let is_without_types = matches!(
            map_type,
            MapType::PerfEventArray | MapType::ProgArray | MapType::CgroupArray | MapType::Xskmap
        );
        let has_key = !matches!(map_type, MapType::Ringbuf | MapType::Queue | MapType::Stack);
        let has_value = map_type != MapType::Ringbuf;
        MapSpec {
            map_type: map_type.number(),
            key: (has_key && !is_without_types).then_some(key.ty.ty),
            key_size: if has_key { size(key) } else { 0 },
            value: (has_value && !is_without_types).then_some(leaf.ty.ty),
            value_size: if has_value { size(leaf) } else { 0 },
            style: MapStyle::Bcc,
            ..MapSpec::default()
        }
    }

    /// The integer that the initialiser of `global` gives to `member`.
    fn member_value(&self, global: GlobalId, member: Option<&Member>) -> u64 {
        let (Some(member), GlobalInit::Data { bytes, .. }) =
            (member, &self.module.globals[global].init)
        else {
            return 0;
        };
        let at = (member.offset_bits / 8) as usize;
        let size = self.module.types.size_of(member.ty.ty).unwrap_or(0).min(8) as usize;
        let mut wide = [0; 8];
        if let Some(bytes) = bytes.get(at..at + size) {
            wide[..size].copy_from_slice(bytes);
        }
        u64::from_le_bytes(wide)
    }
}
