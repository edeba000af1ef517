//! The types of all objects: put one after the other, then made one of.

use super::{JoinError, Joiner};
use crate::{Map, Object};
use bpfc_base::Span;
use bpfc_btf::{TypeDef, TypeId};

impl Joiner<'_> {
    /// Takes over an object, with its types behind those of the others.
    pub(super) fn add_types(&mut self, file: usize, object: &Object) {
        let mut object = object.clone();
        object.define_map_variables();
        forget_spans(&mut object);
        let base = self.types.n_types();
        self.type_bases.push(base);
        let end = object.btf.n_types();
        let mut is_bad = false;
        for id in (1..=end).map(TypeId) {
            let Some(mut def) = object.btf.get(id).cloned() else {
                is_bad = true;
                break;
            };
            def.for_each_reference(|target| shift(target, base, end, &mut is_bad));
            self.types.push(def);
        }
        for_each_type(&mut object, |id| shift(id, base, end, &mut is_bad));
        if is_bad {
            self.errors.push(JoinError::BadTypes { file: self.name(file) });
        }
        self.objects.push(object);
    }

    /// Gives the result the types that it needs, each once, and those that nothing needed before.
    pub(super) fn join_types(&mut self) {
        let is_live = self.live_types();
        let joined = self.types.deduplicate(|id| is_live[id.0 as usize]);
        for_each_type(&mut self.out, |id| *id = joined.id(*id).unwrap_or(TypeId::VOID));
        self.out.btf = joined.builder;
    }

    /// Types to keep: what the result mentions, what nothing mentioned in its own file, and all
    /// that these mention. Functions and variables are kept only if they are part of the result.
    fn live_types(&mut self) -> Vec<bool> {
        let n_types = self.types.n_types() as usize + 1;
        let mut references = vec![Vec::new(); n_types];
        let mut is_mentioned = vec![false; n_types];
        let mut tags = Vec::new();
        for id in 1..n_types {
            let Some(mut def) = self.types.get(TypeId(id as u32)).cloned() else { continue };
            if let TypeDef::DeclTag { target, .. } = def {
                tags.push((id, target.0 as usize));
                is_mentioned[id] = true;
                continue;
            }
            def.for_each_reference(|target| references[id].push(target.0 as usize));
            references[id].iter().for_each(|&target| is_mentioned[target] = true);
            is_mentioned[id] |= matches!(def, TypeDef::Func { .. } | TypeDef::Var { .. });
        }
        let mut todo: Vec<usize> = (1..n_types).filter(|&id| !is_mentioned[id]).collect();
        for_each_type(&mut self.out, |id| todo.push(id.0 as usize));
        let mut is_live = vec![false; n_types];
        while let Some(id) = todo.pop() {
            if !std::mem::replace(&mut is_live[id], true) {
                todo.extend(&references[id]);
            }
        }
        for (tag, target) in tags {
            is_live[tag] = is_live[target];
        }
        is_live
    }
}

/// Spans are places in the sources of one session, and each object may have its own.
fn forget_spans(object: &mut Object) {
    for function in object.functions.iter_mut() {
        function.span = Span::NONE;
        function.insns.iter_mut().for_each(|insn| insn.span = Span::NONE);
    }
    for variable in object.data.iter_mut().flat_map(|section| &mut section.variables) {
        variable.span = Span::NONE;
    }
    object.maps.iter_mut().for_each(|map| map.span = Span::NONE);
}

fn shift(id: &mut TypeId, base: u32, end: u32, is_bad: &mut bool) {
    if id.0 > end {
        *is_bad = true;
        *id = TypeId::VOID;
    } else if !id.is_void() {
        id.0 += base;
    }
}

/// Visits every id of a type that an object mentions, outside its types.
fn for_each_type(object: &mut Object, mut visit: impl FnMut(&mut TypeId)) {
    for function in object.functions.iter_mut() {
        function.btf.iter_mut().for_each(&mut visit);
        let cores = function.insns.iter_mut().filter_map(|insn| insn.core.as_mut());
        cores.for_each(|core| visit(&mut core.root));
    }
    for variable in object.data.iter_mut().flat_map(|section| &mut section.variables) {
        variable.btf.iter_mut().for_each(&mut visit);
    }
    for map in object.maps.iter_mut() {
        for_each_type_of_map(map, &mut visit);
    }
    for item in object.externs.iter_mut() {
        item.btf.iter_mut().for_each(&mut visit);
    }
}

/// Visits every id of a type that a map mentions.
pub(super) fn for_each_type_of_map(map: &mut Map, visit: &mut impl FnMut(&mut TypeId)) {
    let mut map = Some(map);
    while let Some(Map { btf, key_type, value_type, event_type, inner, .. }) = map {
        for id in [btf, key_type, value_type, event_type] {
            id.iter_mut().for_each(&mut *visit);
        }
        map = inner.as_deref_mut();
    }
}
