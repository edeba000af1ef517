//! The types of values: found by compiling a program that only mentions them.

use super::expr::Scope;
use super::place::{Param, Place};
use super::script::{Action, Clause, Column, MapUse, Value, closing, map_use, span};
use super::shape::Shape;
use super::words::{Kind, words};
use bpfc::Object;
use bpfc_base::Diagnostic;
use bpfc_base::codes::types::E0303;
use bpfc_btf::{Btf, Composite, Type};
use std::collections::HashMap;
use std::ops::Range;

/// What the names of members begin with that say where a text is.
const DATA_LOC: [&str; 2] = ["__data_loc_", "data_loc_"];

/// The types of values, by the number of the probe and where they begin.
#[derive(Debug, Default)]
pub struct Types {
    shapes: HashMap<(usize, usize), Option<Shape>>,
}

impl Types {
    /// That of one value.
    pub fn of(&self, scope: &Scope<'_>, at: &Range<usize>) -> Result<Shape, Diagnostic> {
        if let Some(name) = scope.record_text(at) {
            return Ok(Shape::Text(format!("char *{name}")));
        }
        let found = self.shapes.get(&(scope.number, at.start)).cloned().flatten();
        found.ok_or_else(|| {
            let diagnostic =
                Diagnostic::new(E0303, span(scope.base, at), "a value of this type cannot be kept");
            diagnostic.with_help("name a member of it")
        })
    }

    /// Takes the types of the values of one probe out of what was compiled.
    pub fn learn(&mut self, object: &Object, btf: &Btf, number: usize, values: &[Range<usize>]) {
        let map = object.maps.iter().find(|map| map.name == map_name(number));
        let Some(record) = map.and_then(|map| record_of(btf, map.event_type?)) else { return };
        for (member, at) in record.members().zip(values) {
            self.shapes.insert((number, at.start), Shape::of(btf, member.ty));
        }
    }
}

/// The map whose events have the types of a probe's values.
pub fn map_name(number: usize) -> String {
    format!("types_{number}")
}

fn record_of(btf: &Btf, id: bpfc_btf::TypeId) -> Option<Composite<'_>> {
    match btf.resolved(id).ok()? {
        (_, Type::Struct(of)) => Some(of),
        _ => None,
    }
}

/// The values of a clause whose types are needed: what is printed, kept, or a part of a key.
pub fn values(clause: &Clause, source: &str, base: u32) -> Result<Vec<Range<usize>>, Diagnostic> {
    let mut found = Vec::new();
    let mut looked = Vec::new();
    looked.extend(clause.filter.clone());
    let mut of_columns = |columns: &[Column], found: &mut Vec<Range<usize>>| {
        for column in columns {
            match &column.value {
                Value::Plain(at) => found.push(at.clone()),
                Value::Text { of, .. } => looked.push(of.clone()),
                Value::Comm | Value::Args | Value::Stack { .. } => {}
            }
        }
    };
    for action in &clause.actions {
        match action {
            Action::Print(columns) => of_columns(columns, &mut found),
            Action::Delete(map) => of_columns(&map.keys, &mut found),
            Action::Update { map, value, .. } => {
                of_columns(&map.keys, &mut found);
                found.extend(value.clone());
            }
            Action::Store { map, value } => {
                of_columns(&map.keys, &mut found);
                found.push(value.clone());
            }
        }
    }
    looked.extend(found.iter().cloned());
    // Keys of maps that are read inside of expressions, and of those that are read in keys.
    while let Some(at) = looked.pop() {
        for map in reads(source, at, base)? {
            let plain = map.keys.iter().filter_map(|key| match &key.value {
                Value::Plain(at) => Some(at.clone()),
                _ => None,
            });
            let plain: Vec<Range<usize>> = plain.collect();
            looked.extend(plain.iter().cloned());
            found.extend(plain);
        }
    }
    Ok(found)
}

/// The maps that an expression reads, but those in their keys.
fn reads(source: &str, at: Range<usize>, base: u32) -> Result<Vec<MapUse>, Diagnostic> {
    let mut maps = Vec::new();
    let mut from = at.start;
    while let Some(word) = words(source, from..at.end).find(|word| word.kind == Kind::Map) {
        let until = map_end(source, &word.at, at.end, base)?;
        maps.push(map_use(source, word.at.start..until, base)?);
        from = until;
    }
    Ok(maps)
}

/// Where `@name[keys]` ends whose name is at `name`.
pub fn map_end(
    source: &str,
    name: &Range<usize>,
    end: usize,
    base: u32,
) -> Result<usize, Diagnostic> {
    match words(source, name.end..end).next() {
        Some(open) if &source[open.at.clone()] == "[" => {
            Ok(closing(source, open.at.start..end, base)? + 1)
        }
        _ => Ok(name.end),
    }
}

/// Names the members of a tracepoint's record.
pub fn name_members(place: &mut Place, function: &str, btf: &Btf) {
    let Some(record) = context_of(btf, function) else { return };
    for member in record.members() {
        let name = DATA_LOC.iter().find_map(|prefix| member.name.strip_prefix(prefix));
        let is_data_loc = name.is_some();
        let name = name.unwrap_or(member.name);
        let is_hidden = name.is_empty()
            || name == "ent"
            || name.starts_with("__")
            || name.starts_with("common_");
        if let Some(shape) = Shape::of(btf, member.ty).filter(|_| !is_hidden) {
            place.params.push(Param { name: name.to_owned(), shape, is_data_loc });
        }
    }
}

fn context_of<'b>(btf: &'b Btf, function: &str) -> Option<Composite<'b>> {
    let (_, proto) = btf.find_func(function)?;
    let (_, Type::Ptr { target }) = btf.resolved(proto.params().next()?.ty).ok()? else {
        return None;
    };
    record_of(btf, target)
}
