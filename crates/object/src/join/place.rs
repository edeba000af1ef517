//! Gives everything that is defined its place in the result.

use super::symbols::{Definition, Item};
use super::{JoinError, Joiner, Places};
use crate::{DataId, DataKind, DataSection, FuncId, MapId};
use bpfc_base::Idx;

/// More than any object needs, and small enough that offsets fit.
const MAX_SECTION_BYTES: u32 = 1 << 30;

impl Joiner<'_> {
    /// Functions, data and maps of all files, in this order. Functions and maps that yielded to
    /// others are left out; variables leave a gap, since others around them stay where they are.
    pub(super) fn place_all(&mut self) {
        for file in 0..self.objects.len() {
            self.place_data(file);
            self.place_functions(file);
            self.place_maps(file);
        }
        self.redirect();
    }

    /// Whether this definition of a global name is not the one that counts.
    fn has_yielded(&self, name: &str, file: usize, item: Item) -> bool {
        let winner = self.winners.get(name);
        winner.is_some_and(|winner| winner.file != file || winner.item != item)
    }

    fn place_functions(&mut self, file: usize) {
        let functions = std::mem::take(&mut self.objects[file].functions);
        for (id, function) in functions.iter_enumerated() {
            let is_global = function.linkage != crate::Linkage::Static;
            let new = match is_global && self.has_yielded(&function.name, file, Item::Func(id)) {
                // Known once all are placed.
                true => FuncId::new(0),
                false => {
                    self.function_files.push(file);
                    self.out.functions.push(function.clone())
                }
            };
            self.places[file].functions.push(new);
        }
        self.objects[file].functions = functions;
    }

    fn place_maps(&mut self, file: usize) {
        let maps = std::mem::take(&mut self.objects[file].maps);
        for (id, map) in maps.iter_enumerated() {
            let is_global = map.linkage != crate::Linkage::Static;
            let new = match is_global && self.has_yielded(&map.name, file, Item::Map(id)) {
                true => MapId::new(0),
                false => {
                    self.map_files.push(file);
                    self.out.maps.push(map.clone())
                }
            };
            self.places[file].maps.push(new);
        }
        self.objects[file].maps = maps;
    }

    fn place_data(&mut self, file: usize) {
        let data = std::mem::take(&mut self.objects[file].data);
        for (id, section) in data.iter_enumerated() {
            let (new, start) = self.append(file, section);
            self.places[file].data.push((new, start));
            for (idx, variable) in section.variables.iter().enumerate() {
                let is_global = variable.linkage != crate::Linkage::Static;
                let item = Item::Variable(id, idx);
                if is_global && self.has_yielded(&variable.name, file, item) {
                    continue;
                }
                let mut variable = variable.clone();
                variable.offset += start;
                self.out.data[new].variables.push(variable);
            }
        }
        self.objects[file].data = data;
    }

    /// Appends the content of a section to that of its name; where it begins there.
    fn append(&mut self, file: usize, section: &DataSection) -> (DataId, u32) {
        let Some(&(id, first)) = self.sections.get(&section.name) else {
            let new = DataSection::new(&section.name, section.kind);
            let id = self.out.data.push(new);
            self.sections.insert(section.name.clone(), (id, file));
            return (id, self.extend(id, section));
        };
        let old = self.out.data[id].kind;
        if old.is_constant() != section.kind.is_constant() {
            let (first, second) = match old.is_constant() {
                true => (self.name(first), self.name(file)),
                false => (self.name(file), self.name(first)),
            };
            let section = section.name.clone();
            self.errors.push(JoinError::SectionKind { section, first, second });
        } else if old != section.kind && old == DataKind::Bss {
            // Zeros become content.
            let data = &mut self.out.data[id];
            data.kind = section.kind;
            data.bytes = vec![0; data.size_bytes as usize];
        }
        (id, self.extend(id, section))
    }

    fn extend(&mut self, id: DataId, section: &DataSection) -> u32 {
        let data = &mut self.out.data[id];
        let align = section.align.max(1);
        let start = data.size_bytes.checked_next_multiple_of(align);
        let end = start.and_then(|start| start.checked_add(section.size_bytes));
        let (Some(start), Some(end)) = (start, end.filter(|&end| end <= MAX_SECTION_BYTES)) else {
            let section = section.name.clone();
            self.errors.push(JoinError::TooLarge { section });
            return 0;
        };
        data.align = data.align.max(align);
        data.size_bytes = end;
        if data.kind != DataKind::Bss {
            data.bytes.resize(start as usize, 0);
            data.bytes.extend_from_slice(&section.bytes);
            data.bytes.resize(end as usize, 0);
        }
        start
    }

    /// Lets what yielded lead to what counts.
    fn redirect(&mut self) {
        for file in 0..self.objects.len() {
            for (id, function) in self.objects[file].functions.iter_enumerated() {
                if let Some(winner) = self.winner(&function.name, function.linkage)
                    && let Item::Func(other) = winner.item
                {
                    let new = self.places[winner.file].functions[other];
                    self.places[file].functions[id] = new;
                    // Hidden somewhere is hidden everywhere.
                    self.out.functions[new].is_hidden |= function.is_hidden;
                }
            }
            for (id, map) in self.objects[file].maps.iter_enumerated() {
                if let Some(winner) = self.winner(&map.name, map.linkage)
                    && let Item::Map(other) = winner.item
                {
                    self.places[file].maps[id] = self.places[winner.file].maps[other];
                }
            }
            let replaced = self.replaced_variables(file);
            self.places[file].replaced = replaced;
        }
    }

    fn winner(&self, name: &str, linkage: crate::Linkage) -> Option<Definition> {
        let is_global = linkage != crate::Linkage::Static;
        is_global.then(|| self.winners.get(name).copied()).flatten()
    }

    fn replaced_variables(
        &self,
        file: usize,
    ) -> Vec<(DataId, std::ops::Range<u32>, (DataId, u32))> {
        let mut replaced = Vec::new();
        for (id, section) in self.objects[file].data.iter_enumerated() {
            for (idx, variable) in section.variables.iter().enumerate() {
                let Some(winner) = self.winner(&variable.name, variable.linkage) else { continue };
                if let Item::Variable(other, position) = winner.item
                    && (winner.file, winner.item) != (file, Item::Variable(id, idx))
                {
                    let (data, start) = self.places[winner.file].data[other];
                    let there = &self.objects[winner.file].data[other].variables[position];
                    let range = variable.offset..variable.offset + variable.size_bytes;
                    replaced.push((id, range, (data, start + there.offset)));
                }
            }
        }
        replaced
    }
}

impl DataKind {
    fn is_constant(self) -> bool {
        self == DataKind::ReadOnly
    }
}

impl Places {
    /// Where a place in a section of the file went.
    pub(super) fn data_place(&self, section: DataId, offset: u32) -> Option<(DataId, u32)> {
        let mut replaced = self.replaced.iter();
        let found = replaced.find(|(id, range, _)| *id == section && range.contains(&offset));
        if let Some((_, range, (section, start))) = found {
            return Some((*section, start + (offset - range.start)));
        }
        let &(section, start) = self.data.get(section)?;
        Some((section, start.checked_add(offset)?))
    }
}
