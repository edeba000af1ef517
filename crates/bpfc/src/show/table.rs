//! Rows under column headings, aligned.

use super::{Field, Value};
use std::fmt;

/// Rows of named values. Columns appear in the order in which rows first name them.
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Option<String>>>,
    /// By row, lines that stand below it.
    below: Vec<String>,
}

#[derive(Clone, Debug)]
struct Column {
    name: String,
    is_number: bool,
}

impl Table {
    /// Adds a row.
    pub fn push(&mut self, fields: &[Field]) {
        let mut row = vec![None; self.columns.len()];
        for (name, value) in fields {
            let at = self.columns.iter().position(|column| column.name == *name);
            let at = at.unwrap_or_else(|| {
                self.columns.push(Column { name: name.clone(), is_number: value.is_number() });
                row.push(None);
                self.columns.len() - 1
            });
            self.columns[at].is_number &= value.is_number();
            row[at] = Some(show(value));
        }
        self.rows.push(row);
        self.below.push(stack_lines(fields));
    }

    /// True if it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|c| c.name.chars().count()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.as_ref().map_or(0, |cell| cell.chars().count()));
            }
        }
        widths
    }

    fn line(&self, cells: &mut dyn Iterator<Item = &str>, widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, column), &width) in cells.zip(&self.columns).zip(widths) {
            match column.is_number {
                true => line += &format!("  {cell:>width$}"),
                false => line += &format!("  {cell:<width$}"),
            }
        }
        line.trim_end().to_owned() + "\n"
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let mut names = self.columns.iter().map(|column| column.name.as_str());
        f.write_str(&self.line(&mut names, &widths))?;
        for (row, below) in self.rows.iter().zip(&self.below) {
            let cells = row.iter().map(|cell| cell.as_deref().unwrap_or(""));
            let mut cells = cells.chain(std::iter::repeat(""));
            f.write_str(&self.line(&mut cells, &widths))?;
            f.write_str(below)?;
        }
        Ok(())
    }
}

/// The stacks of a row, a function a line, innermost first.
pub fn stack_lines(fields: &[Field]) -> String {
    let mut lines = String::new();
    for (name, value) in fields {
        match value {
            Value::Stack(frames) if !frames.is_empty() => {
                lines += &format!("      {name}\n");
                frames.iter().for_each(|frame| lines += &format!("        {frame}\n"));
            }
            Value::Struct(members) => lines += &stack_lines(members),
            _ => {}
        }
    }
    lines
}

fn show(value: &Value) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_words_left() {
        let mut table = Table::default();
        let row = |name: &str, n| {
            [("protocol".to_owned(), Value::Enum(name.into())), ("packets".into(), Value::Int(n))]
        };
        table.push(&row("TCP", 12));
        table.push(&row("ICMPV6", 1));
        let expected = "  protocol  packets\n  TCP            12\n  ICMPV6          1\n";
        assert_eq!(table.to_string(), expected);
    }
}
