//! The list of what becomes of each tool, in `tests/corpus`.
//!
//! A line is `TOOL ARGUMENT… => OUTCOME`, with `@WORD` for what the tool is told
//! (`tests/corpus/bcc/extract.py`).

use std::fmt;

/// A line of the list.
#[derive(Clone, Debug)]
pub struct Entry {
    pub line: usize,
    pub tool: String,
    pub args: Vec<String>,
    pub words: Vec<String>,
    pub outcome: Outcome,
}

/// What becomes of a tool's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The kernel takes all of it.
    Loads,
    /// It compiles; why the kernel does not take it.
    Compiles(String),
    /// It compiles; here the kernel takes no program of its type, not the smallest.
    Forbidden,
    /// It does not compile; why.
    Fails(String),
    /// There is no program; why.
    HasNone(String),
}

impl Outcome {
    /// Whether the list may say `self` where `found` happens: reasons are a part of what is found.
    pub fn is_met_by(&self, found: &Outcome) -> bool {
        match (self, found) {
            (Outcome::Loads, Outcome::Loads) => true,
            (Outcome::Compiles(said), Outcome::Compiles(found))
            | (Outcome::Fails(said), Outcome::Fails(found))
            | (Outcome::HasNone(said), Outcome::HasNone(found)) => found.contains(said.as_str()),
            // Nobody knows.
            (Outcome::Loads, Outcome::Forbidden) => true,
            // Other kernels, and users who may not load.
            (Outcome::Loads, Outcome::Compiles(_)) => {
                std::env::var_os("BPFC_REQUIRE_KERNEL").is_none()
            }
            _ => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Loads => f.write_str("loads"),
            Outcome::Compiles(why) => write!(f, "compiles: {why}"),
            Outcome::Forbidden => f.write_str("compiles; this machine forbids such programs"),
            Outcome::Fails(why) => write!(f, "fails: {why}"),
            Outcome::HasNone(why) => write!(f, "has no program: {why}"),
        }
    }
}

impl Entry {
    /// What messages call it.
    pub fn name(&self) -> String {
        let words = self.words.iter().map(|word| format!("@{word}"));
        let all = std::iter::once(self.tool.clone()).chain(words).chain(self.args.iter().cloned());
        all.collect::<Vec<String>>().join(" ")
    }

    /// How many of the tool's first texts must not compile.
    pub fn n_failing(&self) -> usize {
        let number = self.words.iter().find_map(|word| word.strip_prefix("fails="));
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} => {}", self.line, self.name(), self.outcome)
    }
}

/// Reads a list.
pub fn read(name: &str) -> Vec<Entry> {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    let path = root.join("tests/corpus").join(name);
    let text = std::fs::read_to_string(path).expect("the list is there");
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(idx, line)| entry(idx + 1, line)).collect()
}

pub fn entry(line: usize, text: &str) -> Entry {
    let (given, outcome) = text.split_once("=>").expect("an outcome in each line of the list");
    let mut parts = given.split_whitespace().map(str::to_owned);
    let tool = parts.next().expect("a tool in each line of the list");
    let (words, args): (Vec<String>, Vec<String>) = parts.partition(|part| part.starts_with('@'));
    let words = words.iter().map(|word| word[1..].to_owned()).collect();
    let (kind, why) = outcome.trim().split_once(':').unwrap_or((outcome.trim(), ""));
    let why = why.trim().to_owned();
    let outcome = match kind {
        "loads" => Outcome::Loads,
        "compiles" => Outcome::Compiles(why),
        "fails" => Outcome::Fails(why),
        "has no program" => Outcome::HasNone(why),
        other => panic!("line {line}: no outcome `{other}`"),
    };
    Entry { line, tool, args, words, outcome }
}
