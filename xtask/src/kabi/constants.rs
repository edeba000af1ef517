//! The constant table: macros and enumerators of the virtual headers whose values are integers.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::c_source::{braced, without_comments, words};
use super::enums::banner;
use super::{Result, format, read};

/// Headers of which several would define one name take part in this order; others follow by name.
const FIRST: [&str; 2] = ["linux/bpf.h", "linux/in.h"];

/// Headers that do not stand for constants of the kernel.
const LEFT_OUT: [&str; 6] =
    ["bpf/usdt.bpf.h", "limits.h", "stdint.h", "stdbool.h", "bpfc/", "asm/byteorder.h"];

/// Names that a program must never get without asking, as they are common words.
const COMMON_WORDS: [&str; 2] = ["READ", "WRITE"];

struct Row {
    value: i128,
    header: String,
}

/// Rewrites `src/tables/constant.rs` from `headers/`.
pub fn write(kabi: &Path) -> Result<()> {
    let mut paths = Vec::new();
    list(&kabi.join("headers"), "", &mut paths)?;
    paths.sort_by_key(|path| {
        (FIRST.iter().position(|first| first == path).unwrap_or(FIRST.len()), path.clone())
    });
    let mut rows = BTreeMap::new();
    // Twice, so that a macro may name a constant of a later header.
    for _ in 0..2 {
        for path in &paths {
            let text =
                without_comments(&read(&kabi.join("headers").join(path))?).replace("\\\n", " ");
            collect(&text, path, &mut rows);
        }
    }
    rows.retain(|name, row| {
        !COMMON_WORDS.contains(&name.as_str())
            && !name.starts_with("___")
            && !name.starts_with("__BPFC")
            && (row.header == "bpfc/kernel.h"
                || !LEFT_OUT.iter().any(|out| row.header.starts_with(out)))
    });
    let tables = kabi.join("src/tables");
    fs::write(tables.join("constant.rs"), table(&rows)?)?;
    format(&tables)
}

fn list(dir: &Path, prefix: &str, paths: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

fn table(rows: &BTreeMap<String, Row>) -> Result<String> {
    let mut out =
        banner("Constants of the virtual headers.").replace("kabi generate", "kabi constants");
    out += "use crate::constant::Constant;\n\n";
    out += "const fn row(name: &'static str, value: i128, header: &'static str) -> Constant {\n";
    out += "    Constant { name, value, header }\n}\n\n";
    write!(out, "#[rustfmt::skip]\npub(crate) static CONSTANTS: [Constant; {}] = [\n", rows.len())?;
    for (name, row) in rows {
        writeln!(out, "    row(\"{name}\", {}, \"{}\"),", row.value, row.header)?;
    }
    out += "];\n";
    Ok(out)
}

fn collect(text: &str, header: &str, rows: &mut BTreeMap<String, Row>) {
    let add = |rows: &mut BTreeMap<String, Row>, name: &str, value: i128| {
        rows.entry(name.to_owned()).or_insert_with(|| Row { value, header: header.to_owned() });
    };
    // Conditions on the version or byte order: the last branch that was not yet seen loses to the first.
    for line in text.lines() {
        let Some(rest) = line.trim_start().strip_prefix("#define ") else {
            continue;
        };
        let name = words(rest).next().map_or("", |(_, word)| word);
        let body = &rest[name.len()..];
        if !body.starts_with(' ') {
            continue;
        }
        if let Some(value) = evaluate(body, rows) {
            add(rows, name, value);
        }
    }
    let plain: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n");
    for (at, word) in words(&plain) {
        let is_enum = word == "enum"
            && plain[at..]
                .find(['{', ';', ')'])
                .is_some_and(|end| plain[at + end..].starts_with('{'));
        let Some(body) = braced(&plain, at).filter(|_| is_enum) else {
            continue;
        };
        let mut next = Some(0);
        for member in body.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            let (name, value) = match member.split_once('=') {
                Some((name, value)) => (name.trim(), evaluate(value, rows)),
                None => (member, next),
            };
            if let Some(value) = value {
                add(rows, name, value);
            }
            next = value.map(|value| value + 1);
        }
    }
}

/// The value of a constant expression over integers and known names.
fn evaluate(text: &str, rows: &BTreeMap<String, Row>) -> Option<i128> {
    let mut parser = Parser { rest: text.trim(), rows };
    let value = parser.binary(0)?;
    parser.rest.is_empty().then_some(value)
}

struct Parser<'a> {
    rest: &'a str,
    rows: &'a BTreeMap<String, Row>,
}

/// Binary operators by ascending binding strength.
const OPERATORS: [&[&str]; 6] =
    [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*", "/", "%"]];

impl Parser<'_> {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn binary(&mut self, level: usize) -> Option<i128> {
        let Some(operators) = OPERATORS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) =
            operators.iter().find(|operator| self.rest.starts_with(**operator))
        {
            if self.rest.starts_with("||") || self.rest.starts_with("&&") {
                return None;
            }
            self.take(operator);
            let right = self.binary(level + 1)?;
            left = match *operator {
                "|" => left | right,
                "^" => left ^ right,
                "&" => left & right,
                "<<" => left.checked_shl(u32::try_from(right).ok()?)?,
                ">>" => left.checked_shr(u32::try_from(right).ok()?)?,
                "+" => left + right,
                "-" => left - right,
                "*" => left * right,
                "/" => left.checked_div(right)?,
                _ => left.checked_rem(right)?,
            };
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<i128> {
        if self.take("-") {
            return Some(-self.unary()?);
        }
        if self.take("~") {
            // All complements in these headers are masks of `unsigned long`.
            return Some(!self.unary()? & i128::from(u64::MAX));
        }
        for cast in ["(unsigned long)", "(__u32)"] {
            if self.take(cast) {
                return self.unary();
            }
        }
        if self.take("(") {
            let value = self.binary(0)?;
            return self.take(")").then_some(value);
        }
        let (at, word) = words(self.rest).next()?;
        if at != 0 {
            return None;
        }
        self.rest = self.rest[word.len()..].trim_start();
        if let Some(row) = self.rows.get(word) {
            return Some(row.value);
        }
        let lower = word.to_ascii_lowercase();
        let digits = lower.trim_end_matches(['u', 'l']);
        match digits.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16).ok(),
            None if digits.len() > 1 && digits.starts_with('0') => {
                i128::from_str_radix(digits, 8).ok()
            }
            None => digits.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluates_and_collects() {
        let mut rows = BTreeMap::new();
        let text = "#define A (1U << 4)\n#define B (A | 0x3)\n#define F(x) x\n#define S \"x\"\n#define O 010\n\
                    enum e { X = -1, Y, Z = B + 1, };\n#define N (~(A - 1))\n";
        collect(text, "h.h", &mut rows);
        let values: Vec<(&str, i128)> =
            rows.iter().map(|(name, row)| (name.as_str(), row.value)).collect();
        let mask = 0xffff_ffff_ffff_fff0;
        assert_eq!(
            values,
            [("A", 16), ("B", 19), ("N", mask), ("O", 8), ("X", -1), ("Y", 0), ("Z", 20)]
        );
    }
}
