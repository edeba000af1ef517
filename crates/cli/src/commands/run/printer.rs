//! Results as they come: lines for people, or one JSON object a line.

use crate::terminal::print_out;
use bpfc::show::{Decoder, Element, MapView, Table, Value};
use bpfc::{Btf, Object};
use bpfc_object::{DataKind, DataSection, Map, MapId};
use serde_json::json;

/// Prints what programs did.
pub struct Printer<'a> {
    object: &'a Object,
    btf: Btf,
    is_json: bool,
    /// The events whose column headings stand above the last line printed.
    heading: Option<MapId>,
    widths: Vec<usize>,
}

impl<'a> Printer<'a> {
    /// Prints results of programs of `object`.
    pub fn new(object: &'a Object, is_json: bool) -> Self {
        let btf = object_btf(object);
        Self { object, btf, is_json, heading: None, widths: Vec::new() }
    }

    /// A JSON object for machines, a line for people.
    pub fn line(&mut self, text: &str, json: impl FnOnce() -> serde_json::Value) {
        self.heading = None;
        match self.is_json {
            true => print_out(&format!("{}\n", json())),
            false => print_out(&format!("{text}\n")),
        }
    }

    /// One run, for machines only: people get a [`Printer::summary`].
    pub fn run_of_one(&mut self, json: impl FnOnce() -> serde_json::Value) {
        if self.is_json {
            print_out(&format!("{}\n", json()));
        }
    }

    /// A line for people.
    pub fn summary(&mut self, text: &str) {
        if !self.is_json {
            self.heading = None;
            print_out(&format!("{text}\n"));
        }
    }

    /// A line that a program printed.
    pub fn printk(&mut self, text: &str) {
        self.line(text, || json!({ "printk": text }));
    }

    /// A record of a ring buffer or perf event array.
    pub fn event(&mut self, map: MapId, bytes: &[u8]) {
        let definition = &self.object.maps[map];
        let columns = Decoder::new(&self.btf).columns("event", definition.event_type, bytes);
        if self.is_json {
            let event: serde_json::Value =
                columns.iter().map(|(name, value)| (name.clone(), value.to_json())).collect();
            return print_out(&format!("{}\n", json!({ "event": definition.name, "data": event })));
        }
        let cells: Vec<String> = columns.iter().map(|(_, value)| value.to_string()).collect();
        if self.heading != Some(map) {
            let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            self.widths = names.iter().map(|name| name.len().max(8)).collect();
            self.heading = Some(map);
            print_out(&self.row(names.into_iter(), &columns));
        }
        let row = self.row(cells.iter().map(String::as_str), &columns);
        print_out(&row);
    }

    fn row<'c>(&self, cells: impl Iterator<Item = &'c str>, columns: &[(String, Value)]) -> String {
        let mut line = String::new();
        for ((cell, width), (_, value)) in cells.zip(&self.widths).zip(columns) {
            match value.is_number() {
                true => line += &format!("{cell:>width$}  "),
                false => line += &format!("{cell:<width$}  "),
            }
        }
        line.trim_end().to_owned() + "\n"
    }

    /// The content of a map.
    pub fn map(&mut self, map: &Map, elements: Vec<Element>) {
        let view = MapView::new(map, &self.btf, elements);
        match self.is_json {
            true => print_out(&format!("{}\n", view.to_json())),
            false => print_out(&view.to_text()),
        }
    }

    /// The variables of a data section, unless nobody can write to them.
    pub fn variables(&mut self, section: &DataSection, content: &[u8]) {
        if section.kind == DataKind::ReadOnly || section.variables.is_empty() {
            return;
        }
        let decoder = Decoder::new(&self.btf);
        let mut table = Table::default();
        let mut json = serde_json::Map::new();
        for variable in &section.variables {
            let (from, size) = (variable.offset as usize, variable.size_bytes as usize);
            let Some(bytes) = content.get(from..from.saturating_add(size)) else {
                continue;
            };
            let value = match variable.btf.and_then(|id| self.variable_type(id)) {
                Some(ty) => decoder.decode(ty, bytes),
                None => Value::Bytes(bytes.to_vec()),
            };
            json.insert(variable.name.clone(), value.to_json());
            table.push(&[
                ("variable".to_owned(), Value::Text(variable.name.clone().into_bytes())),
                ("value".to_owned(), value),
            ]);
        }
        match self.is_json {
            true => print_out(&format!("{}\n", json!({ "variables": json }))),
            false => print_out(&format!("{}\n{table}", section.name)),
        }
    }

    fn variable_type(&self, var: bpfc_btf::TypeId) -> Option<bpfc_btf::TypeId> {
        match self.btf.ty(var).ok()? {
            bpfc_btf::Type::Var { ty, .. } => Some(ty),
            _ => None,
        }
    }
}

/// The types of an object.
pub fn object_btf(object: &Object) -> Btf {
    object.open_btf().unwrap_or_else(|_| empty_btf())
}

/// Types of an object that has none.
pub fn empty_btf() -> Btf {
    let bytes = bpfc_btf::BtfBuilder::new().to_bytes(bpfc_btf::Endian::Little);
    Btf::parse(bytes.expect("no types cannot be too many")).expect("an empty BTF is valid")
}
