//! Reads logs: one pass over the lines.

use crate::line::{Line, classify, register};
use crate::report;
use crate::unwrap;
use crate::{Log, SourceLine, table};

/// Logs that are read of one text.
const MAX_LOGS: usize = 1_000;

/// Lines that are kept where something is wrong.
const MAX_MESSAGES: usize = 64;

/// The logs in `text`, in order: one for each program that it is about, whose beginning or end may be missing. Text
/// around them is left out.
pub fn read(text: &str) -> Vec<Log> {
    let text = unwrap::text(text);
    let mut reader = Reader::default();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = unwrap::line(line);
        if let Some(title) = line.strip_prefix(report::HEADING) {
            reader.log.report = Some(report::read(title, &mut lines));
            // It ends with the log's own end.
            reader.end();
            continue;
        }
        reader.take(line);
    }
    reader.end();
    reader.logs
}

/// The log that all of `text` is, as `bpf(2)` returned it: unknown lines are messages even where no instruction is shown.
pub fn read_whole(text: &str) -> Log {
    let mut reader = Reader { is_whole: true, ..Reader::default() };
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_end_matches('\0').trim();
        match line.strip_prefix(report::HEADING) {
            Some(title) => reader.log.report = Some(report::read(title, &mut lines)),
            None => reader.take(line),
        }
    }
    reader.end();
    reader.logs.pop().unwrap_or_default()
}

#[derive(Default)]
struct Reader {
    /// Whether there is one log and nothing else.
    is_whole: bool,
    logs: Vec<Log>,
    log: Log,
    /// The source line that was shown last.
    line: Option<SourceLine>,
    n_insns: u32,
    /// The name that a loader said.
    name: Option<String>,
}

impl Reader {
    fn take(&mut self, line: &str) {
        match classify(line) {
            Line::Insn { slot, text, states } => {
                if self.n_insns == 0 {
                    self.log.starts_in_the_middle = slot != 0;
                }
                self.n_insns += 1;
                self.log.slot = Some(slot);
                self.log.insn = Some(text.to_owned());
                self.log.messages.clear();
                if let Some(line) = &self.line {
                    self.log.lines.entry(slot).or_insert_with(|| line.clone());
                }
                self.log.source.clone_from(&self.line);
                self.states(states);
            }
            Line::State { states, jump } => {
                self.log.messages.clear();
                if jump.is_some() {
                    self.log.jump = jump;
                }
                self.states(states);
            }
            Line::Source(line) => self.line = Some(line),
            Line::Begin(name) => {
                if let Some(name) = name {
                    self.end();
                    self.name = Some(name.to_owned());
                } else if self.n_insns > 0 {
                    self.end();
                }
            }
            Line::End => {
                self.log.is_complete = true;
                if !self.is_whole {
                    self.end();
                }
            }
            Line::Noise => {}
            Line::Message(text) => {
                if self.log.messages.len() >= MAX_MESSAGES {
                    self.log.messages.remove(0);
                }
                self.log.messages.push(text.to_owned());
            }
        }
    }

    fn states(&mut self, states: &str) {
        for word in words(states) {
            if let Some((name, state)) = word.split_once('=')
                && let Some(number) = register(name)
                && !state.is_empty()
            {
                self.log.registers.insert(number, state.to_owned());
            }
        }
    }

    /// Keeps the log, if it is one.
    fn end(&mut self) {
        let mut log = std::mem::take(&mut self.log);
        let n_insns = std::mem::take(&mut self.n_insns);
        let line = self.line.take();
        // What people write below a log is no part of it.
        let is_known = |text: &String| table::find(text).is_some();
        if self.is_whole {
            // All of it is the kernel's.
        } else if log.messages.iter().any(is_known) {
            log.messages.retain(is_known);
        } else if n_insns == 0 && log.report.is_none() {
            return;
        }
        if self.logs.len() >= MAX_LOGS {
            return;
        }
        let text = log.messages.join("\n");
        let named = number_after(&text, "at insn ").or(match log.slot {
            None => number_after(&text, "insn "),
            Some(_) => None,
        });
        if let Some(slot) = named.filter(|slot| log.slot != Some(*slot)) {
            log.slot = Some(slot);
            log.insn = None;
            log.source = log.lines.get(&slot).cloned().or(line.filter(|_| n_insns == 0));
        }
        log.origin = number_after(&text, "alloc_insn=");
        log.program = self.name.take();
        self.logs.push(log);
    }
}

/// Words separated by blanks that are not in parentheses.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    text.split(move |c: char| {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ' ' && depth == 0
    })
}

/// The number that follows `words` in `text`.
fn number_after(text: &str, words: &str) -> Option<u32> {
    let (_, rest) = text.split_once(words)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}
