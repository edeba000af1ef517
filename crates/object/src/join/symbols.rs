//! Global names: which definition counts, and what declarations turn out to be.

use super::compatible::{map_difference, types_agree};
use super::types::for_each_type_of_map;
use super::{JoinError, Joiner, Target};
use crate::read::declared_map;
use crate::{DataId, Extern, ExternId, ExternKind, FuncId, Linkage, Map, MapId};
use bpfc_base::Idx;
use bpfc_btf::TypeId;
use std::collections::BTreeMap;

/// A definition of a global name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Definition {
    /// The file.
    pub file: usize,
    /// Where in the file's object.
    pub item: Item,
    /// Whether it yields to another one.
    pub is_weak: bool,
}

/// Something with a global name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Func(FuncId),
    /// A section and the position among its variables.
    Variable(DataId, usize),
    Map(MapId),
}

impl Item {
    fn kind(self) -> ExternKind {
        match self {
            Item::Func(_) => ExternKind::Func,
            Item::Variable(..) => ExternKind::Variable,
            Item::Map(_) => ExternKind::Map,
        }
    }
}

impl Joiner<'_> {
    /// Chooses a definition for each global name: the only one that is not weak, or the first.
    pub(super) fn choose_definitions(&mut self) {
        let mut all: BTreeMap<String, Vec<Definition>> = BTreeMap::new();
        for file in 0..self.objects.len() {
            for (name, definition) in self.definitions(file) {
                all.entry(name).or_default().push(definition);
            }
        }
        for (name, definitions) in all {
            let strong = definitions.iter().find(|definition| !definition.is_weak);
            let Some(&winner) = strong.or(definitions.first()) else { continue };
            for &other in definitions.iter().filter(|&&other| other != winner) {
                if !other.is_weak {
                    let (name, first) = (name.clone(), self.name(winner.file));
                    let second = self.name(other.file);
                    self.errors.push(JoinError::Duplicate { name, first, second });
                } else if !self.report_kinds(&name, winner, other.item.kind(), other.file) {
                    self.check_replaced(&name, winner, other);
                }
            }
            self.winners.insert(name, winner);
        }
    }

    /// What a file defines for others, in the order of the object.
    fn definitions(&self, file: usize) -> Vec<(String, Definition)> {
        let object = &self.objects[file];
        let mut found = Vec::new();
        let mut add = |name: &str, linkage: Linkage, item: Item| {
            if linkage != Linkage::Static {
                let is_weak = linkage == Linkage::Weak;
                found.push((name.to_owned(), Definition { file, item, is_weak }));
            }
        };
        for (id, function) in object.functions.iter_enumerated() {
            add(&function.name, function.linkage, Item::Func(id));
        }
        for (id, section) in object.data.iter_enumerated() {
            for (idx, variable) in section.variables.iter().enumerate() {
                add(&variable.name, variable.linkage, Item::Variable(id, idx));
            }
        }
        for (id, map) in object.maps.iter_enumerated() {
            add(&map.name, map.linkage, Item::Map(id));
        }
        found
    }

    /// Reports that a name means different things; whether it did.
    fn report_kinds(
        &mut self,
        name: &str,
        definition: Definition,
        kind: ExternKind,
        file: usize,
    ) -> bool {
        let (first, second) = (definition.item.kind(), kind);
        if first == second {
            return false;
        }
        self.errors.push(JoinError::Kind {
            name: name.into(),
            first_noun: first.noun(),
            first: self.name(definition.file),
            second_noun: second.noun(),
            second: self.name(file),
        });
        true
    }

    /// Checks that a weak definition agrees with the one it yields to.
    fn check_replaced(&mut self, name: &str, winner: Definition, other: Definition) {
        if let (Item::Map(first), Item::Map(second)) = (winner.item, other.item) {
            let first = self.objects[winner.file].maps[first].clone();
            let second = self.objects[other.file].maps[second].clone();
            return self.check_maps((&first, winner.file), (&second, other.file));
        }
        let (first, second) = (self.type_of(winner), self.type_of(other));
        self.check_types(name, winner, first, (other.file, second));
    }

    fn type_of(&self, definition: Definition) -> Option<TypeId> {
        let object = &self.objects[definition.file];
        match definition.item {
            Item::Func(id) => object.functions[id].btf,
            Item::Variable(section, idx) => object.data[section].variables[idx].btf,
            Item::Map(id) => object.maps[id].btf,
        }
    }

    fn check_types(
        &mut self,
        name: &str,
        definition: Definition,
        ty: Option<TypeId>,
        (file, other): (usize, Option<TypeId>),
    ) {
        let (Some(ty), Some(other)) = (ty, other) else { return };
        if !types_agree(&self.types, ty, other) {
            self.errors.push(JoinError::Type {
                noun: definition.item.kind().noun(),
                name: name.into(),
                first: self.name(definition.file),
                second: self.name(file),
            });
        }
    }

    fn check_maps(&mut self, (first, file): (&Map, usize), (second, other): (&Map, usize)) {
        if let Some(what) = map_difference(&self.types, first, second) {
            let name = second.name.clone();
            let (first, second) = (self.name(file), self.name(other));
            self.errors.push(JoinError::Map { name, what, first, second });
        }
    }

    /// Finds the definition of everything that is declared only.
    pub(super) fn resolve_externs(&mut self) {
        let mut known: BTreeMap<String, (ExternId, usize)> = BTreeMap::new();
        for file in 0..self.objects.len() {
            for item in self.objects[file].externs.clone() {
                let target = match self.winners.get(&item.name).copied() {
                    Some(winner) => self.resolve(&item, file, winner),
                    None => Target::Extern(self.keep_extern(&item, file, &mut known)),
                };
                self.places[file].externs.push(target);
            }
        }
    }

    /// What a declaration turned out to be, once it is checked against the definition.
    fn resolve(&mut self, item: &Extern, file: usize, winner: Definition) -> Target {
        // A file without BTF cannot say what it declares.
        let is_config = matches!(item.kind, ExternKind::Kconfig { .. });
        let is_untyped = item.btf.is_none() && !is_config;
        let differs = !is_untyped && self.report_kinds(&item.name, winner, item.kind, file);
        let defined = self.type_of(winner);
        match winner.item {
            _ if differs || is_untyped => {}
            Item::Map(map) => self.check_map(item, file, winner.file, map),
            _ => self.check_types(&item.name, winner, defined, (file, item.btf)),
        }
        match winner.item {
            Item::Func(id) => {
                let new = self.places[winner.file].functions[id];
                self.out.functions[new].is_hidden |= item.is_hidden;
                Target::Func(new)
            }
            Item::Map(id) => Target::Map(self.places[winner.file].maps[id]),
            Item::Variable(section, idx) => {
                let data = &self.objects[winner.file].data[section];
                let (offset, defined) = (data.variables[idx].offset, data.name.clone());
                if let Some(declared) = item.section.clone().filter(|name| *name != defined) {
                    self.errors.push(JoinError::Section {
                        name: item.name.clone(),
                        declared,
                        first: self.name(file),
                        defined,
                        second: self.name(winner.file),
                    });
                }
                let (section, start) = self.places[winner.file].data[section];
                Target::Data(section, start + offset)
            }
        }
    }

    fn check_map(&mut self, item: &Extern, file: usize, defined_in: usize, map: MapId) {
        let Some(var) = item.btf else { return };
        let base = self.type_bases[file];
        let local = TypeId(var.0.saturating_sub(base));
        let opened = self.inputs[file].object.open_btf().ok();
        let declared = opened.and_then(|btf| declared_map(&btf, &item.name, local));
        let Some(mut declared) = declared else {
            let file = self.name(file);
            return self.errors.push(JoinError::BadTypes { file });
        };
        for_each_type_of_map(&mut declared, &mut |id| id.0 += base * u32::from(!id.is_void()));
        let defined = self.objects[defined_in].maps[map].clone();
        self.check_maps((&defined, defined_in), (&declared, file));
    }

    /// An extern of the result: one for each name.
    fn keep_extern(
        &mut self,
        item: &Extern,
        file: usize,
        known: &mut BTreeMap<String, (ExternId, usize)>,
    ) -> ExternId {
        let Some(&(id, first)) = known.get(&item.name) else {
            let id = self.out.externs.push(item.clone());
            known.insert(item.name.clone(), (id, file));
            return id;
        };
        let old = self.out.externs[id].clone();
        let (name, second) = (item.name.clone(), self.name(file));
        let first = self.name(first);
        if old.kind.noun() != item.kind.noun() {
            let (first_noun, second_noun) = (old.kind.noun(), item.kind.noun());
            let error = JoinError::Kind { name, first_noun, first, second_noun, second };
            self.errors.push(error);
        } else if let (Some(one), Some(other)) = (old.btf, item.btf)
            && old.kind != ExternKind::Map
            && !types_agree(&self.types, one, other)
        {
            let noun = old.kind.noun();
            self.errors.push(JoinError::Type { noun, name, first, second });
        }
        let kept = &mut self.out.externs[id];
        kept.is_weak &= item.is_weak;
        kept.is_hidden |= item.is_hidden;
        kept.section = kept.section.take().or_else(|| item.section.clone());
        kept.btf = kept.btf.or(item.btf);
        debug_assert!(id.index() < self.out.externs.len());
        id
    }
}
