//! Reading a test file: settings, assertions, scenario steps, snapshots.

use crate::step::{self, Step, StepKind};
use std::ops::Range;
use std::path::PathBuf;

/// Columns of carets are compared with tabs expanded to this width.
const TAB_WIDTH: u32 = 8;

/// A test file, read.
#[derive(Clone, Debug, Default)]
pub struct TestFile {
    /// Where it is.
    pub path: PathBuf,
    /// How reports call it: its path below the workspace, with `/`.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// `//@ key: value`, in order.
    pub settings: Vec<Setting>,
    /// Diagnostics, notes and helps that must appear, in order.
    pub assertions: Vec<Assertion>,
    /// The scenario, in order.
    pub steps: Vec<Step>,
    /// `//~ verb rest` for the verbs that the suite registered, in order.
    pub verbs: Vec<Verb>,
    /// `//= name` with its `//|` lines.
    pub snapshots: Vec<Snapshot>,
}

/// `//@ key: value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Line, from 1.
    pub line: u32,
    /// In front of the colon.
    pub key: String,
    /// Behind it; may be empty.
    pub value: String,
}

/// `//~ verb rest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verb {
    /// Line, from 1.
    pub line: u32,
    /// The line that it is about: its own, or one above for `//~^`.
    pub target: u32,
    /// The verb.
    pub name: String,
    /// What follows.
    pub rest: String,
}

/// One assertion about a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// Line on which it is written, from 1.
    pub line: u32,
    /// Where the diagnostic must be.
    pub aim: Aim,
    /// What it must be.
    pub kind: AssertionKind,
    /// A part of its message; empty if any will do.
    pub text: String,
}

/// The place that an [`Assertion`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aim {
    /// `//~`, `//~^`: anywhere on this line.
    Line(u32),
    /// Carets: exactly these columns of this line, from 1 with tabs expanded.
    Span(u32, Range<u32>),
    /// `//~?`: in no place of this file.
    Elsewhere,
}

/// What an [`Assertion`] asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssertionKind {
    /// A diagnostic of this code.
    Code(String),
    /// `note: text` in a diagnostic that is matched by another assertion.
    Note,
    /// `help: text`, likewise.
    Help,
}

/// A snapshot as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What follows `//=`.
    pub name: String,
    /// Line of the `//=`, from 1.
    pub line: u32,
    /// Its lines, each with a line break.
    pub text: String,
    /// How many lines they are.
    pub n_lines: u32,
}

/// What is wrong with a test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line, from 1.
    pub line: u32,
    /// What.
    pub message: String,
}

impl TestFile {
    /// The first setting of `key`.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let found = self.settings.iter().find(|s| s.key == key);
        found.map(|s| s.value.as_str())
    }

    /// Parses `text`. `marker` starts a line comment of the host language; `keys` and
    /// `verbs` are what the suite knows beyond the language itself.
    pub fn parse(
        text: &str,
        marker: &str,
        keys: &[String],
        verbs: &[String],
    ) -> Result<Self, ParseError> {
        let mut reader = Reader {
            file: Self { text: text.to_owned(), ..Self::default() },
            marker,
            keys,
            verbs,
            code_line: 0,
            in_snapshot: false,
        };
        for (line, text) in (1..).zip(text.lines()) {
            reader.line(line, text).map_err(|message| ParseError { line, message })?;
        }
        Ok(reader.file)
    }
}

/// The keys that every suite knows.
const COMMON_KEYS: [&str; 3] = ["known-bug", "skip", "timeout"];

struct Reader<'a> {
    file: TestFile,
    marker: &'a str,
    keys: &'a [String],
    verbs: &'a [String],
    /// The last line that is not only an assertion: what `^` points at.
    code_line: u32,
    in_snapshot: bool,
}

impl Reader<'_> {
    fn line(&mut self, line: u32, text: &str) -> Result<(), String> {
        let was_in_snapshot = std::mem::take(&mut self.in_snapshot);
        let above = self.code_line;
        self.code_line = line;
        if let Some(comment) = text.trim_start().strip_prefix(self.marker) {
            if let Some(setting) = comment.strip_prefix('@') {
                return self.setting(line, setting);
            }
            if let Some(name) = comment.strip_prefix('=') {
                self.in_snapshot = true;
                return self.snapshot(line, name.trim());
            }
            if let Some(content) = comment.strip_prefix('|') {
                self.in_snapshot = true;
                return self.snapshot_line(content, was_in_snapshot);
            }
            if comment.trim_start().starts_with('^') {
                self.code_line = above;
                return self.carets(line, above, text);
            }
            if comment.starts_with('~') {
                self.code_line = above;
            }
        }
        let sigil = format!("{}~", self.marker);
        for assertion in text.split(sigil.as_str()).skip(1) {
            self.assertion(line, above, assertion)?;
        }
        Ok(())
    }

    fn setting(&mut self, line: u32, text: &str) -> Result<(), String> {
        let comment = format!(" {}", self.marker);
        let text = text.split(comment.as_str()).next().unwrap_or(text);
        let (key, value) = text.split_once(':').unwrap_or((text, ""));
        let key = key.trim();
        if !COMMON_KEYS.contains(&key) && !self.keys.iter().any(|known| known == key) {
            return Err(format!("unknown key `{key}`"));
        }
        self.file.settings.push(Setting {
            line,
            key: key.to_owned(),
            value: value.trim().to_owned(),
        });
        Ok(())
    }

    fn snapshot(&mut self, line: u32, name: &str) -> Result<(), String> {
        if name.is_empty() {
            return Err("a snapshot needs a name".to_owned());
        }
        if self.file.snapshots.iter().any(|s| s.name == name) {
            return Err(format!("two snapshots are called `{name}`"));
        }
        self.file.snapshots.push(Snapshot {
            name: name.to_owned(),
            line,
            text: String::new(),
            n_lines: 0,
        });
        Ok(())
    }

    fn snapshot_line(&mut self, content: &str, is_inside: bool) -> Result<(), String> {
        let snapshot = self.file.snapshots.last_mut().filter(|_| is_inside);
        let snapshot = snapshot.ok_or_else(|| {
            let marker = self.marker;
            format!("`{marker}|` without `{marker}=` above it")
        })?;
        let content = content.strip_prefix(' ').unwrap_or(content);
        snapshot.text.push_str(content);
        snapshot.text.push('\n');
        snapshot.n_lines += 1;
        Ok(())
    }

    fn carets(&mut self, line: u32, target: u32, text: &str) -> Result<(), String> {
        let at = text.find('^').unwrap_or(0);
        let tail = &text[at..];
        let n_carets = tail.chars().take_while(|&c| c == '^').count();
        if target == 0 {
            return Err("carets without a line above".to_owned());
        }
        let from = visual_col(text, text[..at].chars().count() as u32 + 1);
        let aim = Aim::Span(target, from..from + n_carets as u32);
        let (kind, text) = parse_claim(&tail[n_carets..])
            .ok_or("expected a code behind the carets, as in `^^^ E0301: text`")?;
        self.push(line, aim, kind, text);
        Ok(())
    }

    fn assertion(&mut self, line: u32, above: u32, text: &str) -> Result<(), String> {
        let text = text.trim_end();
        let (aim, rest) = if let Some(rest) = text.strip_prefix('?') {
            (Aim::Elsewhere, rest)
        } else {
            let n_up = text.chars().take_while(|&c| c == '^').count();
            let target = match n_up {
                0 => Some(line),
                _ => (above + 1).checked_sub(n_up as u32),
            };
            let target = target.filter(|&line| line > 0);
            let target = target.ok_or("`^` points above the file")?;
            (Aim::Line(target), &text[n_up..])
        };
        if let Some((kind, text)) = parse_claim(rest) {
            self.push(line, aim, kind, text);
            return Ok(());
        }
        let rest = rest.trim_start();
        let (name, tail) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if self.verbs.iter().any(|verb| verb == name) {
            let Aim::Line(target) = aim else {
                return Err(format!("`{name}` has no place"));
            };
            self.file.verbs.push(Verb {
                line,
                target,
                name: name.to_owned(),
                rest: tail.trim().to_owned(),
            });
            return Ok(());
        }
        if !step::VERBS.contains(&name) {
            return Err(format!("expected a code or a verb at `{rest}`"));
        }
        let kind = StepKind::parse(rest)?;
        self.file.steps.push(Step { line, kind });
        Ok(())
    }

    fn push(&mut self, line: u32, aim: Aim, kind: AssertionKind, text: &str) {
        self.file.assertions.push(Assertion { line, aim, kind, text: text.to_owned() });
    }
}

/// `E0301`, `E0301: text`, `note: text` or `help: text`.
fn parse_claim(text: &str) -> Option<(AssertionKind, &str)> {
    let text = text.trim();
    let (word, rest) = text.split_once(':').unwrap_or((text, ""));
    let kind = match word.trim_end() {
        "note" => AssertionKind::Note,
        "help" => AssertionKind::Help,
        code if is_code(code) => AssertionKind::Code(code.to_owned()),
        _ => return None,
    };
    Some((kind, rest.trim()))
}

/// `E` or `W` and four digits.
pub(crate) fn is_code(word: &str) -> bool {
    let digits = word.strip_prefix(['E', 'W']).unwrap_or("");
    digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The column on screen of character `col` of `line` (both from 1).
pub(crate) fn visual_col(line: &str, col: u32) -> u32 {
    let mut visual = 0;
    let mut chars = line.chars();
    for _ in 1..col {
        visual = match chars.next() {
            Some('\t') => (visual / TAB_WIDTH + 1) * TAB_WIDTH,
            _ => visual + 1,
        };
    }
    visual + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TestFile, ParseError> {
        let keys = ["flags".to_owned()];
        TestFile::parse(text, "//", &keys, &["state".to_owned()])
    }

    #[test]
    fn settings_and_snapshots() {
        let text = "//@ flags: -O2   // why\n//@known-bug\nint x;\n//= asm main\n//| r0 = 0\n//|\n//|  exit\n";
        let file = parse(text).unwrap();
        assert_eq!(file.setting("flags"), Some("-O2"));
        assert_eq!(file.setting("known-bug"), Some(""));
        let snapshot = &file.snapshots[0];
        assert_eq!(snapshot.name, "asm main");
        assert_eq!(snapshot.text, "r0 = 0\n\n exit\n");
        assert_eq!((snapshot.line, snapshot.n_lines), (4, 3));
    }

    #[test]
    fn assertions() {
        let text = "\tint x = y; //~ E0301: `y` //~ W0301\n\t//      ^ E0302\n//~^ E0303: a: b\n//~^^^ note: n\n//~? E0411\n//~ state r0=1\n";
        let text = format!("\n\n{text}");
        let file = parse(&text).unwrap();
        let code = |code: &str| AssertionKind::Code(code.to_owned());
        let expected = [
            (3, Aim::Line(3), code("E0301"), "`y`"),
            (3, Aim::Line(3), code("W0301"), ""),
            (4, Aim::Span(3, 17..18), code("E0302"), ""),
            (5, Aim::Line(3), code("E0303"), "a: b"),
            (6, Aim::Line(1), AssertionKind::Note, "n"),
            (7, Aim::Elsewhere, code("E0411"), ""),
        ];
        let actual: Vec<_> = file
            .assertions
            .iter()
            .map(|a| (a.line, a.aim.clone(), a.kind.clone(), a.text.as_str()))
            .collect();
        assert_eq!(actual, expected);
        assert_eq!((file.verbs[0].name.as_str(), file.verbs[0].rest.as_str()), ("state", "r0=1"));
    }

    #[test]
    fn mistakes_are_errors() {
        let error = |text: &str| parse(text).unwrap_err().message;
        assert_eq!(error("//@ flag: x"), "unknown key `flag`");
        assert_eq!(error("//~ jump 1"), "expected a code or a verb at `jump 1`");
        assert_eq!(error("//~ run ="), "expected a name at `=`");
        assert_eq!(error("//| x"), "`//|` without `//=` above it");
        assert_eq!(error("//= a\n\n//| x"), "`//|` without `//=` above it");
        assert_eq!(error("//= a\n//= a"), "two snapshots are called `a`");
        assert_eq!(
            error("int x;\n  // ^^ here"),
            "expected a code behind the carets, as in `^^^ E0301: text`"
        );
        assert_eq!(error("//~^ E0301"), "`^` points above the file");
        assert_eq!(error("x //~ E03: y"), "expected a code or a verb at `E03: y`");
    }
}
