//! Maps: objects in `.maps`, whose members say what the map is, and the older
//! `struct bpf_map_def` in `maps`.

mod btf_style;
mod events;
mod legacy;
mod rules;

pub(crate) use events::describe;

use crate::checker::Checker;
use crate::hir::{GlobalId, GlobalInit, GlobalKind, MapSpec};
use bpfc_base::codes::bpf::{E0408, W0408};
use bpfc_base::{Diagnostic, Span};

impl Checker<'_> {
    /// The object `global` in `.maps` is a map.
    pub fn define_btf_map(&mut self, global: GlobalId, span: Span) {
        let ty = self.module.globals[global].ty;
        if self.is_error(ty.ty) {
            return;
        }
        if self.awaits_type(ty.ty) {
            self.waiting_maps.push((global, span));
            self.module.globals[global].kind = GlobalKind::Map(MapSpec::default());
            return;
        }
        self.finish_btf_map(global, span);
    }

    /// At the end of the unit: maps whose keys or values were incomplete where they are defined.
    pub fn finish_maps(&mut self) {
        for (global, span) in std::mem::take(&mut self.waiting_maps) {
            self.finish_btf_map(global, span);
        }
    }

    fn finish_btf_map(&mut self, global: GlobalId, span: Span) {
        let ty = self.module.globals[global].ty;
        let Some(mut spec) = self.btf_map_spec(ty.ty, span, 0) else {
            self.set_map(global, MapSpec::default());
            return;
        };
        if let Some(values) = self.map_values(global) {
            spec.values = values;
        }
        self.check_map_rules(&mut spec, span);
        self.set_map(global, spec);
    }

    /// Makes `global` a map; its content is the specification.
    pub(crate) fn set_map(&mut self, global: GlobalId, spec: MapSpec) {
        let node = &mut self.module.globals[global];
        node.kind = GlobalKind::Map(spec);
        if node.init != GlobalInit::None {
            node.init = GlobalInit::Zero;
        }
    }

    /// Reports what the loader must add to a map's definition before the map can be created.
    pub(crate) fn map_gap(&mut self, span: Span, message: impl Into<String>) {
        let diagnostic = Diagnostic::new(W0408, span, message);
        self.report(diagnostic.with_note("the map cannot be created unless the loader sets it"));
    }

    /// Reports an invalid map definition.
    pub(crate) fn map_error(&mut self, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::new(E0408, span, message));
    }
}
