//! The kernel's messages, what they mean, and what to do.
//!
//! A pattern is the kernel's text with `{name}` for what varies; the same names stand in our words. The messages are those of
//! `kernel/bpf/verifier.c` and `kernel/bpf/btf.c` from Linux 4.14 to 7.3. The first pattern that fits counts.

mod attach;
mod calls;
mod control;
mod memory;
mod pointers;
mod resources;
mod structure;

use bpfc_base::Code;

/// A message.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The kernel's words.
    pub pattern: &'static str,
    /// The code that bpfc's verifier uses for it.
    pub code: Code,
    /// The same where the instruction is a call.
    pub in_call: Option<Code>,
    /// What it means.
    pub message: &'static str,
    /// What to do; may be empty.
    pub help: &'static str,
    /// Whether it only adds to another message.
    pub is_detail: bool,
}

/// A row.
const fn row(pattern: &'static str, code: Code, message: &'static str, help: &'static str) -> Row {
    Row { pattern, code, in_call: None, message, help, is_detail: false }
}

impl Row {
    /// The code where the instruction is a call.
    const fn in_call(self, code: Code) -> Row {
        Row { in_call: Some(code), ..self }
    }

    /// It only adds to another message.
    const fn detail(self) -> Row {
        Row { is_detail: true, ..self }
    }
}

/// Every row, those first that say more.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let parts = [
        memory::ROWS,
        pointers::ROWS,
        calls::ROWS,
        resources::ROWS,
        control::ROWS,
        structure::ROWS,
        attach::ROWS,
    ];
    parts.into_iter().flatten()
}

/// A row that fits a message.
#[derive(Debug)]
pub struct Match<'t> {
    /// The row.
    pub row: &'static Row,
    values: Vec<(&'static str, &'t str)>,
}

impl Match<'_> {
    /// `words` with what the message says.
    pub fn fill(&self, words: &str) -> String {
        let mut text = words.to_owned();
        for (name, value) in &self.values {
            if text.contains('{') {
                text = text.replace(&format!("{{{name}}}"), value);
            }
        }
        text
    }
}

/// The row that fits `text`: from its start, or from behind a `: ` of what a loader put before it.
pub fn find(text: &str) -> Option<Match<'_>> {
    // cilium/ebpf tells how much it left out.
    let text = text.split(" line(s) omitted)").next().map_or(text, |start| match text {
        _ if start.len() == text.len() => text,
        _ => start.rsplit_once(" (").map_or(start, |(start, _)| start),
    });
    let behind = text.match_indices(": ").map(|(at, _)| &text[at + 2..]);
    std::iter::once(text).chain(behind).find_map(|text| {
        rows().find_map(|row| Some(Match { row, values: fits(row.pattern, text)? }))
    })
}

/// What stands for each name of `pattern` in `text`, if it fits its beginning.
fn fits<'t>(pattern: &'static str, text: &'t str) -> Option<Vec<(&'static str, &'t str)>> {
    let mut values = Vec::new();
    let (mut pattern, mut text) = (pattern, text);
    loop {
        let Some(open) = pattern.find('{') else {
            return text.starts_with(pattern).then_some(values);
        };
        text = text.strip_prefix(&pattern[..open])?;
        let close = open + pattern[open..].find('}')?;
        let name = &pattern[open + 1..close];
        pattern = &pattern[close + 1..];
        let next = &pattern[..pattern.find('{').unwrap_or(pattern.len())];
        let end = if next.is_empty() { text.len() } else { text.find(next)? };
        // A register is a number.
        if name == "r" && !(end > 0 && text[..end].bytes().all(|byte| byte.is_ascii_digit())) {
            return None;
        }
        values.push((name, text[..end].trim_end_matches('.')));
        text = &text[end..];
    }
}
