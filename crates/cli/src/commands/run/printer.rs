//! Results as they come: lines for people, a JSON object a line, or a table of comma-separated values.

use super::csv;
use crate::args::Output;
use crate::terminal::{print_err, print_out};
use bpfc::show::{
    Cells, Columns, Decoder, Element, Field, MapView, Row, Table, Value, stack_lines,
};
use bpfc::stacks::{self, NamedStack, StackLayout, Stacks};
use bpfc::{Btf, Object};
use bpfc_base::IndexVec;
use bpfc_isa::{Callee, Insn};
use bpfc_kabi::MapType;
use bpfc_loader::StreamLine;
use bpfc_object::{DataKind, DataSection, FuncId, Map, MapId, ObjInsn};
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;

/// As much is kept before it is written, unless nothing more comes.
const BUFFER_BYTES: usize = 64 << 10;
/// Columns do not grow beyond this.
const MAX_WIDTH: usize = 64;
/// `bpf_trace_printk` (4.1) and `bpf_trace_vprintk` (5.16), which write to `trace_pipe`.
const PRINTING_HELPERS: [u32; 2] = [6, 177];

/// Prints what programs did.
pub struct Printer<'a> {
    object: &'a Object,
    btf: Btf,
    output: Output,
    /// Of the events of each map that has some.
    columns: IndexVec<MapId, Option<Columns>>,
    /// What has not been written yet.
    buffer: Vec<u8>,
    /// The events whose column headings stand above the last line printed.
    heading: Option<MapId>,
    widths: Vec<usize>,
    csv: csv::Sheet,
    stacks: Option<Naming>,
}

/// What names stacks.
struct Naming {
    stacks: Rc<RefCell<Stacks>>,
    /// Where those of events are.
    events: IndexVec<MapId, Option<StackLayout>>,
    /// Whether anything is shown with stacks of maps of stacks, so that these need not be.
    has_numbers: bool,
}

impl<'a> Printer<'a> {
    /// Prints results of programs of `object`.
    pub fn new(object: &'a Object, output: Output) -> Self {
        let btf = object_btf(object);
        let has_events =
            |map: &Map| matches!(map.kind(), Some(MapType::Ringbuf | MapType::PerfEventArray));
        let columns = object
            .maps
            .iter()
            .map(|map| has_events(map).then(|| Columns::of(&btf, "event", map.event_type)));
        let columns: IndexVec<MapId, Option<Columns>> = columns.collect();
        let events = object.maps.iter().zip(&columns).enumerate();
        let events = events
            .filter_map(|(at, (map, columns))| Some((at, map.name.as_str(), columns.as_ref()?)));
        let csv = csv::Sheet::new(events, prints(object));
        Self {
            object,
            btf,
            output,
            columns,
            buffer: Vec::new(),
            heading: None,
            widths: Vec::new(),
            csv,
            stacks: None,
        }
    }

    /// Shows stacks in place of their numbers.
    pub fn name_stacks(&mut self, stacks: Rc<RefCell<Stacks>>) {
        let has_map = stacks.borrow().has_map();
        let layout = |ty: Option<_>| StackLayout::of(&self.btf, ty?, has_map);
        let maps = || self.object.maps.iter();
        let types = maps().flat_map(|map| [map.key_type, map.value_type, map.event_type]);
        let has_numbers = types.into_iter().any(|ty| layout(ty).is_some());
        let events = maps().map(|map| layout(map.event_type)).collect();
        self.stacks = Some(Naming { stacks, events, has_numbers });
    }

    /// The stacks in an event.
    fn stacks_in(&self, map: MapId, bytes: &[u8]) -> Vec<NamedStack> {
        let Some(Naming { stacks, events, .. }) = &self.stacks else {
            return Vec::new();
        };
        let layout = events[map].as_ref();
        layout.map_or_else(Vec::new, |layout| stacks.borrow_mut().named(layout, bytes, None))
    }

    /// Whether results are for programs, and not for people.
    pub fn is_json(&self) -> bool {
        self.output == Output::Json
    }

    /// Writes what is kept.
    pub fn flush(&mut self) {
        if !self.buffer.is_empty() {
            print_out(&String::from_utf8_lossy(&self.buffer));
            self.buffer.clear();
        }
    }

    fn keep(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
        self.bound();
    }

    fn bound(&mut self) {
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush();
        }
    }

    /// What is not in the table of values goes where it is not taken for a row of it.
    fn aside(&mut self, text: &str) {
        self.flush();
        print_err(text);
    }

    /// A JSON object for machines, a line for people.
    pub fn line(&mut self, text: &str, json: impl FnOnce() -> serde_json::Value) {
        self.heading = None;
        match self.output {
            Output::Json => self.keep(&format!("{}\n", json())),
            Output::Table => self.keep(&format!("{text}\n")),
            Output::Csv => match self.csv.line(text) {
                Some(row) => self.keep(&row),
                None => self.aside(&format!("{text}\n")),
            },
        }
    }

    /// One run, for machines only: people get a [`Printer::summary`].
    pub fn run_of_one(&mut self, json: impl FnOnce() -> serde_json::Value) {
        if self.is_json() {
            self.keep(&format!("{}\n", json()));
        }
    }

    /// A line for people.
    pub fn summary(&mut self, text: &str) {
        self.heading = None;
        match self.output {
            Output::Json => {}
            Output::Table => self.keep(&format!("{text}\n")),
            Output::Csv => self.aside(&format!("{text}\n")),
        }
    }

    /// A line that a program printed.
    pub fn printk(&mut self, text: &str) {
        self.line(text, || json!({ "printk": text }));
    }

    /// A line of a program's streams.
    pub fn stream(&mut self, line: StreamLine<'_>) {
        let StreamLine { program, is_error, text } = line;
        match is_error {
            false => self.line(text, || json!({ "program": program, "stdout": text })),
            true => {
                let said = format!("{program}: {text}");
                self.line(&said, || json!({ "program": program, "stderr": text }));
            }
        }
    }

    /// A record of a ring buffer or perf event array.
    pub fn event(&mut self, map: MapId, bytes: &[u8]) {
        match self.output {
            Output::Json => {
                let definition = &self.object.maps[map];
                let mut columns =
                    Decoder::new(&self.btf).columns("event", definition.event_type, bytes);
                stacks::put(&mut columns, &self.stacks_in(map, bytes));
                let event: serde_json::Value =
                    columns.iter().map(|(name, value)| (name.clone(), value.to_json())).collect();
                self.keep(&format!("{}\n", json!({ "event": definition.name, "data": event })));
            }
            Output::Csv => {
                let named = self.stacks_in(map, bytes);
                if let Some(columns) = &self.columns[map] {
                    let record = (bytes, named.as_slice());
                    self.csv.event(map, columns, &self.btf, record, &mut self.buffer);
                }
                self.bound();
            }
            Output::Table => self.row(map, bytes),
        }
    }

    fn row(&mut self, map: MapId, bytes: &[u8]) {
        let named = self.stacks_in(map, bytes).into_iter();
        let named: Vec<Field> = named.map(|stack| (stack.name.clone(), stack.value())).collect();
        let known = self.columns[map].as_ref();
        let Some(columns) =
            known.filter(|known| !known.is_empty() && known.n_bytes() <= bytes.len())
        else {
            // A record that is not of the type, or of none.
            let definition = &self.object.maps[map];
            let fields = Decoder::new(&self.btf).columns("event", definition.event_type, bytes);
            let cells: Vec<String> = fields.iter().map(|(_, value)| value.to_string()).collect();
            self.heading = None;
            return self.keep(&format!("{}\n", cells.join("  ")));
        };
        if self.heading != Some(map) {
            let wide = columns.names().enumerate();
            self.widths =
                wide.map(|(at, name)| name.chars().count().max(columns.usual_width(at))).collect();
            self.heading = Some(map);
            for (at, name) in columns.names().enumerate() {
                pad(&mut self.buffer, name.as_bytes(), self.widths[at], columns.is_number(at));
            }
            end_line(&mut self.buffer);
        }
        let mut cell = Vec::new();
        for at in 0..columns.len() {
            cell.clear();
            let is_stack = |(name, _): &&Field| columns.names().nth(at) == Some(name);
            match named.iter().find(is_stack) {
                Some((_, stack)) => cell.extend(stack.to_string().bytes()),
                None => columns.write(&self.btf, at, bytes, Cells::Shown, &mut cell),
            }
            // What is wider than usual may come again.
            self.widths[at] = self.widths[at].max(cell.len().min(MAX_WIDTH));
            pad(&mut self.buffer, &cell, self.widths[at], columns.is_number(at));
        }
        end_line(&mut self.buffer);
        self.buffer.extend(stack_lines(&named).bytes());
        self.bound();
    }

    /// The content of a map.
    pub fn map(&mut self, map: &Map, elements: Vec<Element>) {
        let mut view = MapView::new(map, &self.btf, elements);
        if let Some(Naming { stacks, has_numbers, .. }) = &self.stacks {
            if *has_numbers && map.kind() == Some(MapType::StackTrace) {
                return;
            }
            view = view.with_stacks(stacks);
        }
        match self.output {
            Output::Json => {
                let text = format!("{}\n", view.to_json());
                self.keep(&text);
            }
            Output::Table => {
                let text = view.to_text();
                self.keep(&text);
            }
            Output::Csv => {
                let rows: Vec<Vec<Field>> = view
                    .rows()
                    .into_iter()
                    .map(|Row { key, value }| [key, value].concat())
                    .collect();
                let text = view.to_text();
                if !self.csv.map(&map.name, rows) {
                    self.aside(&text);
                }
            }
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
        for variable in section.variables.iter().filter(|variable| variable.name != bpfc::LOST) {
            let (from, size) = (variable.offset as usize, variable.size_bytes as usize);
            let Some(bytes) = content.get(from..from.saturating_add(size)) else {
                continue;
            };
            let value = match variable.btf.and_then(|id| self.variable_type(id)) {
                Some(ty) => decoder.variable(&variable.name, ty, bytes),
                None => Value::Bytes(bytes.to_vec()),
            };
            json.insert(variable.name.clone(), value.to_json());
            table.push(&[
                ("variable".to_owned(), Value::Text(variable.name.clone().into_bytes())),
                ("value".to_owned(), value),
            ]);
        }
        if table.is_empty() {
            return;
        }
        let text = format!("{}\n{table}", section.name);
        match self.output {
            Output::Json => self.keep(&format!("{}\n", json!({ "variables": json }))),
            Output::Table => self.keep(&text),
            Output::Csv => self.aside(&text),
        }
    }

    fn variable_type(&self, var: bpfc_btf::TypeId) -> Option<bpfc_btf::TypeId> {
        match self.btf.ty(var).ok()? {
            bpfc_btf::Type::Var { ty, .. } => Some(ty),
            _ => None,
        }
    }
}

/// Whatever ends the run: what was read is printed.
impl Drop for Printer<'_> {
    fn drop(&mut self) {
        if self.output == Output::Csv {
            let rest = self.csv.finish();
            self.keep(&rest);
        }
        self.flush();
    }
}

/// Appends a cell and blanks around it.
fn pad(out: &mut Vec<u8>, cell: &[u8], width: usize, is_number: bool) {
    let n_chars = cell.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    let blanks = std::iter::repeat_n(b' ', width.saturating_sub(n_chars));
    if is_number {
        out.extend(blanks);
        out.extend_from_slice(cell);
    } else {
        out.extend_from_slice(cell);
        out.extend(blanks);
    }
    out.extend_from_slice(b"  ");
}

/// Without blanks at its end.
fn end_line(out: &mut Vec<u8>) {
    let end = out.iter().rposition(|byte| *byte != b' ').map_or(0, |at| at + 1);
    out.truncate(end);
    out.push(b'\n');
}

/// Whether one of these programs can print, or a function that they may call.
pub fn prints_of(object: &Object, programs: &[FuncId]) -> bool {
    let is_run = |id: FuncId| programs.contains(&id) || !object.functions[id].is_program();
    let functions = object.functions.iter_enumerated().filter(|(id, _)| is_run(*id));
    let insns = functions.flat_map(|(_, function)| &function.insns);
    prints_some(insns)
}

/// Whether a program can print.
pub fn prints(object: &Object) -> bool {
    prints_some(object.functions.iter().flat_map(|function| &function.insns))
}

fn prints_some<'o>(insns: impl Iterator<Item = &'o ObjInsn>) -> bool {
    insns.into_iter().any(|insn| match insn.insn {
        Insn::Call(Callee::Helper(id)) => PRINTING_HELPERS.contains(&id),
        _ => false,
    })
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
