//! Snapshots: comparing them, and rewriting them under `BLESS=1`.

use crate::diff::unified_diff;
use crate::file::TestFile;

/// True if the environment asks for snapshots to be rewritten.
pub(crate) fn is_blessing() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| value == "1")
}

/// What is wrong with snapshot `name`, if `actual` is its right text.
pub(crate) fn compare(file: &TestFile, name: &str, actual: &str) -> Option<String> {
    let Some(snapshot) = file.snapshots.iter().find(|s| s.name == name) else {
        return Some(format!("no snapshot `{name}` in the file; BLESS=1 adds it:\n{actual}"));
    };
    let diff = unified_diff(&tidy(&snapshot.text), &tidy(actual));
    (!diff.is_empty()).then(|| {
        let line = snapshot.line;
        format!("snapshot `{name}` (line {line}) differs; BLESS=1 rewrites it:\n{diff}")
    })
}

/// The text of `file` with the snapshots in `actual` (name and text) put in; those that it
/// does not have yet go to the end.
pub(crate) fn bless(file: &TestFile, marker: &str, actual: &[(String, String)]) -> String {
    let find = |name: &str| actual.iter().find(|(of, _)| of == name);
    let mut out = String::new();
    let mut lines = (1u32..).zip(file.text.lines());
    while let Some((number, line)) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(snapshot) = file.snapshots.iter().find(|s| s.line == number) else {
            continue;
        };
        if let Some((_, text)) = find(&snapshot.name) {
            put(&mut out, marker, text);
            if snapshot.n_lines > 0 {
                lines.nth(snapshot.n_lines as usize - 1);
            }
        }
    }
    for (name, text) in actual {
        if file.snapshots.iter().all(|s| s.name != *name) {
            out.push_str(&format!("{marker}= {name}\n"));
            put(&mut out, marker, text);
        }
    }
    out
}

fn put(out: &mut String, marker: &str, text: &str) {
    for line in tidy(text).lines() {
        let space = if line.is_empty() { "" } else { " " };
        out.push_str(&format!("{marker}|{space}{line}\n"));
    }
}

/// Blanks at the ends of lines do not count: editors remove them.
fn tidy(text: &str) -> String {
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blessing_makes_it_pass() {
        let text = "int x;\n//= a\n//| old\n//| old too\nint y;\n//= empty\n//= kept\n//| k\n";
        let file = TestFile::parse(text, "//", &[], &[]).unwrap();
        assert!(compare(&file, "a", "new \n").unwrap().contains("-old\n-old too\n+new\n"));
        assert!(compare(&file, "b", "x\n").unwrap().starts_with("no snapshot `b`"));
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let actual = [pair("a", "new \n"), pair("empty", "e\n\nf"), pair("b", "x")];
        let blessed = bless(&file, "//", &actual);
        let expected = "int x;\n//= a\n//| new\nint y;\n//= empty\n//| e\n//|\n//| f\n//= kept\n//| k\n//= b\n//| x\n";
        assert_eq!(blessed, expected);
        let file = TestFile::parse(&blessed, "//", &[], &[]).unwrap();
        for (name, text) in &actual {
            assert_eq!(compare(&file, name, text), None);
        }
    }
}
