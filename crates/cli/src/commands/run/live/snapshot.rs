//! What maps and variables hold at a moment, and how fast numbers grew since the last look.

use super::super::vm::has_elements;
use bpfc::Btf;
use bpfc::show::{Decoder, Element, Field, MapView, Row, Table, Value};
use bpfc_loader::{LoadError, Loaded};
use bpfc_object::{DataKind, Map, MapId, Object};
use serde_json::json;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Looks at the maps of loaded programs.
pub struct Eyes<'a> {
    object: &'a Object,
    loaded: &'a Loaded,
    btf: Btf,
    start: Instant,
    last: Instant,
    /// Numbers at the last look, by pane and row.
    before: HashMap<(usize, String), Vec<i128>>,
}

/// All panes at a moment.
pub struct View {
    /// Since the programs were attached.
    pub elapsed: Duration,
    /// One for each map with elements, one for the variables.
    pub panes: Vec<Pane>,
}

/// A map, or the variables.
pub struct Pane {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub content: Content,
    /// The same for machines.
    pub json: serde_json::Value,
}

/// How it is shown.
pub enum Content {
    /// Lines of a histogram.
    Bars(String),
    /// Rows of a table, largest first number first.
    Rows(Vec<Vec<Field>>),
}

impl Content {
    /// Lines for people, a heading first; at most `n_rows` rows.
    pub fn text(&self, n_rows: usize) -> String {
        let rows = match self {
            Content::Bars(text) => return text.clone(),
            Content::Rows(rows) if rows.is_empty() => return "  empty\n".to_owned(),
            Content::Rows(rows) => rows,
        };
        let mut table = Table::default();
        rows.iter().take(n_rows).for_each(|row| table.push(row));
        match rows.len().saturating_sub(n_rows) {
            0 => table.to_string(),
            n_more => format!("{table}  … {n_more} more\n"),
        }
    }
}

impl<'a> Eyes<'a> {
    /// Looks at `loaded`, made of `object`.
    pub fn new(object: &'a Object, loaded: &'a Loaded) -> Eyes<'a> {
        let now = Instant::now();
        let btf = object.open_btf().unwrap_or_else(|_| super::super::printer::empty_btf());
        Eyes { object, loaded, btf, start: now, last: now, before: HashMap::new() }
    }

    /// The elements of a map, decoded.
    pub fn rows(&self, id: MapId) -> Result<Vec<Row>, LoadError> {
        Ok(MapView::new(&self.object.maps[id], &self.btf, self.elements(id)?).rows())
    }

    /// A variable's value now; `None` if there is no such variable, or nobody can read it.
    pub fn variable(&self, name: &str) -> Result<Option<Value>, LoadError> {
        Ok(self.variables()?.into_iter().find(|(other, _)| other == name).map(|(_, value)| value))
    }

    /// Looks at everything.
    pub fn look(&mut self) -> Result<View, LoadError> {
        let now = Instant::now();
        let seconds = (now - self.last).as_secs_f64();
        let mut panes = Vec::new();
        for (id, map) in self.object.maps.iter_enumerated() {
            if has_elements(map.kind()) {
                let elements = self.elements(id)?;
                panes.push(self.pane_of_map(map, elements, panes.len(), seconds));
            }
        }
        let variables = self.variables()?;
        if !variables.is_empty() {
            panes.push(self.pane_of_variables(variables, panes.len(), seconds));
        }
        self.last = now;
        Ok(View { elapsed: now - self.start, panes })
    }

    fn elements(&self, id: MapId) -> Result<Vec<Element>, LoadError> {
        let elements = self.loaded.maps[id].dump()?.into_iter();
        Ok(elements.map(|(key, values)| Element { key, values }).collect())
    }

    /// Variables that may change.
    fn variables(&self) -> Result<Vec<Field>, LoadError> {
        let mut found = Vec::new();
        let decoder = Decoder::new(&self.btf);
        for (id, section) in self.object.data.iter_enumerated() {
            let Some(map) = &self.loaded.data[id] else { continue };
            if section.kind == DataKind::ReadOnly || section.variables.is_empty() {
                continue;
            }
            let content = map.lookup(&0_u32.to_ne_bytes())?.unwrap_or_default().concat();
            for variable in section.variables.iter().filter(|it| it.name != bpfc::LOST) {
                let (from, size) = (variable.offset as usize, variable.size_bytes as usize);
                let Some(bytes) = content.get(from..from.saturating_add(size)) else { continue };
                let ty = variable.btf.and_then(|id| match self.btf.ty(id).ok()? {
                    bpfc_btf::Type::Var { ty, .. } => Some(ty),
                    _ => None,
                });
                let value = match ty {
                    Some(ty) => decoder.variable(&variable.name, ty, bytes),
                    None => Value::Bytes(bytes.to_vec()),
                };
                found.push((variable.name.clone(), value));
            }
        }
        Ok(found)
    }

    fn pane_of_map(
        &mut self,
        map: &Map,
        elements: Vec<Element>,
        pane: usize,
        seconds: f64,
    ) -> Pane {
        let view = MapView::new(map, &self.btf, elements);
        let json = view.to_json();
        let bars = view.histogram().filter(|_| map.is_histogram);
        let rows = view.rows();
        drop(view);
        let content = match bars {
            Some(bars) => Content::Bars(bars),
            None => {
                let mut rows = self.with_rates(rows, pane, seconds);
                rows.sort_by_key(|(first, _)| std::cmp::Reverse(*first));
                Content::Rows(rows.into_iter().map(|(_, row)| row).collect())
            }
        };
        Pane { name: map.name.clone(), content, json }
    }

    fn pane_of_variables(&mut self, variables: Vec<Field>, pane: usize, seconds: f64) -> Pane {
        let json = variables.iter().map(|(name, value)| (name.clone(), value.to_json()));
        let json = json!({ "variables": json.collect::<serde_json::Map<_, _>>() });
        let rows = variables.into_iter().map(|(name, value)| Row {
            key: vec![("variable".to_owned(), Value::Text(name.into_bytes()))],
            value: vec![("value".to_owned(), value)],
        });
        let rows = self.with_rates(rows.collect(), pane, seconds);
        let content = Content::Rows(rows.into_iter().map(|(_, row)| row).collect());
        Pane { name: "variables".to_owned(), content, json }
    }

    /// Rows of key, value, and how much each number grew in a second; with the first number, to sort by.
    fn with_rates(
        &mut self,
        rows: Vec<Row>,
        pane: usize,
        seconds: f64,
    ) -> Vec<(Option<i128>, Vec<Field>)> {
        let mut all = Vec::new();
        for row in rows {
            let title: Vec<String> = row.key.iter().map(|(_, value)| value.to_string()).collect();
            let numbers: Vec<i128> =
                row.value.iter().filter_map(|(_, value)| value.as_int()).collect();
            let first = numbers.first().copied();
            let before = self.before.insert((pane, title.join("\0")), numbers.clone());
            let mut fields = row.key;
            let names: Vec<String> = (row.value.iter())
                .filter(|(_, value)| value.as_int().is_some())
                .map(|(name, _)| format!("{name}/s"))
                .collect();
            fields.extend(row.value);
            if let Some(before) = before.filter(|_| seconds > 0.0) {
                let grown = numbers.iter().zip(&before).map(|(now, before)| now - before);
                let rates = grown.map(|n| Value::Int((n as f64 / seconds).round() as i128));
                fields.extend(names.into_iter().zip(rates));
            }
            all.push((first, fields));
        }
        all
    }
}
