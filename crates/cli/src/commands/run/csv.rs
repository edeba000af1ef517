//! Comma-separated values, as RFC 4180 has them: one table, whose first line names the columns.
//!
//! The table is of the programs' events; without events, of the lines that they print; without
//! those, of their maps. Where events come from several maps, a first column `map` says from
//! which, and the columns are those of all of them; so it is with several maps.

use bpfc::Btf;
use bpfc::show::{Cells, Columns, Field, Value};
use bpfc::stacks::{NamedStack, folded};
use bpfc_base::Idx;
use bpfc_object::MapId;

/// The table that is being written.
#[derive(Default)]
pub struct Sheet {
    subject: Subject,
    has_header: bool,
    /// Rows of maps, which are printed when all columns are known.
    maps: Vec<(String, Vec<Vec<Field>>)>,
}

#[derive(Default)]
enum Subject {
    /// Names of all columns; by map its name, and for each of these columns the one of the map.
    Events(Vec<String>, Vec<Option<(String, Vec<Option<usize>>)>>),
    Lines,
    #[default]
    Maps,
}

impl Sheet {
    /// A table of what comes from maps with these names and columns.
    pub fn new<'a>(
        events: impl Iterator<Item = (usize, &'a str, &'a Columns)>,
        prints: bool,
    ) -> Sheet {
        let events: Vec<(usize, &str, Vec<String>)> = events
            .map(|(at, name, columns)| {
                let names: Vec<String> = columns.names().map(str::to_owned).collect();
                let bytes = || vec!["event".to_owned()];
                (at, name, if names.is_empty() { bytes() } else { names })
            })
            .collect();
        if events.is_empty() {
            let subject = if prints { Subject::Lines } else { Subject::Maps };
            return Sheet { subject, ..Sheet::default() };
        }
        let mut all: Vec<String> = Vec::new();
        if events.len() > 1 {
            all.push("map".to_owned());
        }
        for (_, _, names) in &events {
            all.extend(
                names.iter().filter(|name| !all.contains(name)).cloned().collect::<Vec<_>>(),
            );
        }
        let mut by_map = Vec::new();
        for (at, name, names) in events.iter() {
            by_map.resize_with(by_map.len().max(at + 1), || None);
            let places = all.iter().map(|column| names.iter().position(|name| name == column));
            by_map[*at] = Some(((*name).to_owned(), places.collect()));
        }
        Sheet { subject: Subject::Events(all, by_map), ..Sheet::default() }
    }

    /// A row, in front of it the header if it is the first. `None`: the table is not of lines.
    pub fn line(&mut self, text: &str) -> Option<String> {
        if !matches!(self.subject, Subject::Lines) {
            return None;
        }
        let header = if std::mem::replace(&mut self.has_header, true) { "" } else { "line\r\n" };
        let mut row = header.as_bytes().to_vec();
        let from = row.len();
        row.extend_from_slice(text.as_bytes());
        quote(&mut row, from);
        row.extend_from_slice(b"\r\n");
        Some(String::from_utf8_lossy(&row).into_owned())
    }

    /// Appends the row of a record.
    pub fn event(
        &mut self,
        map: MapId,
        columns: &Columns,
        btf: &Btf,
        (record, stacks): (&[u8], &[NamedStack]),
        out: &mut Vec<u8>,
    ) {
        let Subject::Events(all, by_map) = &self.subject else { return };
        let Some(Some((name, places))) = by_map.get(map.index()) else { return };
        if !std::mem::replace(&mut self.has_header, true) {
            header(all, out);
        }
        let n_events = by_map.iter().flatten().count();
        for (at, place) in places.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            let from = out.len();
            match place {
                None if at == 0 && n_events > 1 => out.extend_from_slice(name.as_bytes()),
                None => {}
                // Of no known type.
                Some(_) if columns.is_empty() => {
                    out.extend(Value::Bytes(record.to_vec()).to_string().bytes());
                }
                Some(column) => {
                    let is_it = |stack: &&NamedStack| {
                        Some(stack.name.as_str()) == columns.names().nth(*column)
                    };
                    match stacks.iter().find(is_it) {
                        Some(stack) => out.extend(folded(&stack.frames).bytes()),
                        None => columns.write(btf, *column, record, Cells::Plain, out),
                    }
                }
            }
            quote(out, from);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Keeps the elements of a map. False: the table is not of maps.
    pub fn map(&mut self, name: &str, rows: Vec<Vec<Field>>) -> bool {
        let is_of_maps = matches!(self.subject, Subject::Maps);
        if is_of_maps {
            let rows = rows.into_iter().map(flat).collect();
            self.maps.push((name.to_owned(), rows));
        }
        is_of_maps
    }

    /// What has been kept.
    pub fn finish(&mut self) -> String {
        let maps = std::mem::take(&mut self.maps);
        let is_several = maps.len() > 1;
        let mut all: Vec<String> = Vec::new();
        for (name, _) in maps.iter().flat_map(|(_, rows)| rows).flatten() {
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        let mut out = Vec::new();
        if !all.is_empty() {
            let first = is_several.then(|| "map".to_owned());
            header(&first.into_iter().chain(all.iter().cloned()).collect::<Vec<_>>(), &mut out);
        }
        for (name, rows) in &maps {
            for row in rows {
                let of_column = |column| row.iter().find(|(name, _)| name == column);
                let first = is_several.then(|| name.clone()).into_iter();
                let cells = all.iter().map(|column| {
                    of_column(column).map_or_else(String::new, |(_, value)| plain(value))
                });
                for (at, cell) in first.chain(cells).enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    let from = out.len();
                    out.extend_from_slice(cell.as_bytes());
                    quote(&mut out, from);
                }
                out.extend_from_slice(b"\r\n");
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// Members of members as columns `outer.inner`.
fn flat(fields: Vec<Field>) -> Vec<Field> {
    let mut all = Vec::new();
    for (name, value) in fields {
        match value {
            Value::Struct(members) if !members.is_empty() => {
                let inner = flat(members).into_iter();
                all.extend(inner.map(|(inner, value)| (format!("{name}.{inner}"), value)));
            }
            value => all.push((name, value)),
        }
    }
    all
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Duration(ns) | Value::Timestamp(ns) => ns.to_string(),
        Value::Stack(frames) => folded(frames),
        value => value.to_string(),
    }
}

fn header(names: &[String], out: &mut Vec<u8>) {
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let from = out.len();
        out.extend_from_slice(name.as_bytes());
        quote(out, from);
    }
    out.extend_from_slice(b"\r\n");
}

/// Puts the field that begins at `from` into quotes, if it needs them.
fn quote(out: &mut Vec<u8>, from: usize) {
    let field = &out[from..];
    if !field.iter().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n')) {
        return;
    }
    let mut quoted = vec![b'"'];
    for byte in field {
        if *byte == b'"' {
            quoted.push(b'"');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    out.truncate(from);
    out.extend_from_slice(&quoted);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fields: &[(&str, Value)]) -> Vec<Field> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn fields_are_quoted_where_they_must() {
        let mut out = b"a,".to_vec();
        out.extend_from_slice(b"say \"x\", y");
        quote(&mut out, 2);
        assert_eq!(out, b"a,\"say \"\"x\"\", y\"");
        let mut sheet = Sheet::new(std::iter::empty(), true);
        assert_eq!(sheet.line("a b").unwrap(), "line\r\na b\r\n");
        assert_eq!(sheet.line("a,\nb").unwrap(), "\"a,\nb\"\r\n");
    }

    #[test]
    fn several_maps_share_a_header() {
        let mut sheet = Sheet::new(std::iter::empty(), false);
        assert!(sheet.line("x").is_none());
        let inner = Value::Struct(vec![("a".to_owned(), Value::Int(1))]);
        assert!(sheet.map("one", vec![row(&[("key", Value::Int(7)), ("value", inner)])]));
        assert!(
            sheet.map(
                "two",
                vec![row(&[("key", Value::Text(b"x,y".to_vec())), ("n", Value::Int(2))])]
            )
        );
        let expected = "map,key,value.a,n\r\none,7,1,\r\ntwo,\"x,y\",,2\r\n";
        assert_eq!((sheet.finish().as_str(), sheet.finish().as_str()), (expected, ""));
    }
}
