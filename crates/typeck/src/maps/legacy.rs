//! `struct bpf_map_def` in section `maps`.

use crate::checker::Checker;
use crate::hir::{GlobalId, GlobalInit, MapSpec, MapStyle};
use bpfc_base::Span;

impl Checker<'_> {
    /// The object `global` in `maps` is a map.
    pub fn define_legacy_map(&mut self, global: GlobalId, span: Span) {
        let node = &self.module.globals[global];
        if self.is_error(node.ty.ty) || node.init == GlobalInit::None {
            return;
        }
        let Some(record) = self.record_of(node.ty.ty) else {
            let shown = self.show_qual(node.ty);
            let message = format!("a map in `maps` is a `struct bpf_map_def`, found `{shown}`");
            self.map_error(span, message);
            return;
        };
        let Some(body) = self.module.types.records[record].body.clone() else {
            return;
        };
        let bytes = match &self.module.globals[global].init {
            GlobalInit::Data { bytes, .. } => bytes.clone(),
            _ => Vec::new(),
        };
        let mut spec = MapSpec { style: MapStyle::Legacy, ..MapSpec::default() };
        let mut n_known = 0;
        for member in &body.members {
            let name = member.name.map(|name| self.name(name));
            let slot = match name.as_deref() {
                Some("type") => &mut spec.map_type,
                Some("key_size") => &mut spec.key_size,
                Some("value_size") => &mut spec.value_size,
                Some("max_entries") => &mut spec.max_entries,
                Some("map_flags") => &mut spec.map_flags,
                _ => continue,
            };
            let at = (member.offset_bits / 8) as usize;
            let value = bytes.get(at..at + 4);
            *slot = value.map_or(0, |value| crate::bytes::number(self.module.endian, value) as u32);
            n_known += 1;
        }
        if n_known < 4 {
            let shown = self.show_qual(self.module.globals[global].ty);
            let message = format!("`{shown}` does not define a map: a `struct bpf_map_def` does");
            self.map_error(span, message);
            return;
        }
        self.check_map_rules(&mut spec, span);
        self.set_map(global, spec);
    }
}
