//! What differs between two packets, for people.

use crate::describe::shown;
use crate::layers::Layer;
use crate::read::read;
use std::fmt::Write;

/// Bytes of a row.
const ROW: usize = 16;
/// Rows that are shown.
const MAX_ROWS: usize = 32;

/// What differs: fields of headers, then rows of bytes with marks below those that differ. None if the packets are equal.
pub fn difference(expected: &[u8], actual: &[u8]) -> Option<String> {
    if expected == actual {
        return None;
    }
    let mut out = String::new();
    if expected.len() != actual.len() {
        // Writing to a string does not fail.
        let _ = writeln!(out, "expected {} bytes, found {}", expected.len(), actual.len());
    }
    fields(expected, actual, &mut out);
    rows(expected, actual, &mut out);
    Some(out.trim_end().to_owned())
}

fn fields(expected: &[u8], actual: &[u8], out: &mut String) {
    let (expected, actual) = (read(expected), read(actual));
    for (expected, actual) in expected.iter().zip(&actual) {
        if let (Some(wanted), found) = (expected.name(), actual.name())
            && found != Some(wanted)
        {
            let found = found.unwrap_or("other bytes");
            let _ = writeln!(out, "expected the header {wanted}, found {found}");
            return;
        }
        let (
            Layer::Header { layout, values: wanted, options: wanted_options },
            Layer::Header { values: found, options: found_options, .. },
        ) = (expected, actual)
        else {
            return;
        };
        for ((field, wanted), found) in layout.fields.iter().zip(wanted).zip(found) {
            if let (Some(wanted), Some(found)) = (wanted, found)
                && wanted != found
            {
                let (wanted, found) = (shown(field.kind, *wanted), shown(field.kind, *found));
                let _ = writeln!(
                    out,
                    "{}.{}: expected {wanted}, found {found}",
                    layout.name, field.name
                );
            }
        }
        if wanted_options != found_options {
            let _ = writeln!(out, "{}.options differ", layout.name);
        }
    }
}

fn rows(expected: &[u8], actual: &[u8], out: &mut String) {
    let n_rows = expected.len().max(actual.len()).div_ceil(ROW);
    let row = |bytes: &[u8], idx: usize| {
        let start = (idx * ROW).min(bytes.len());
        bytes[start..(start + ROW).min(bytes.len())].to_vec()
    };
    let differing: Vec<usize> =
        (0..n_rows).filter(|&idx| row(expected, idx) != row(actual, idx)).collect();
    for &idx in differing.iter().take(MAX_ROWS) {
        let (wanted, found) = (row(expected, idx), row(actual, idx));
        let marks = (0..ROW).map(|at| match wanted.get(at) == found.get(at) {
            true => "   ",
            false => "^^ ",
        });
        let marks: String = marks.collect();
        let _ = writeln!(out, "{:04x}  expected  {}", idx * ROW, digits(&wanted));
        let _ = writeln!(out, "      found     {}", digits(&found));
        let _ = writeln!(out, "                {}", marks.trim_end());
    }
    if differing.len() > MAX_ROWS {
        let _ = writeln!(out, "and {} rows more", differing.len() - MAX_ROWS);
    }
}

fn digits(bytes: &[u8]) -> String {
    let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    parts.join(" ")
}
