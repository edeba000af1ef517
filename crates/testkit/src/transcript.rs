//! Transcripts: `$ command` lines, each with its output in `| ` lines below.

use crate::snapshot;
use crate::test::Test;
use crate::unified_diff;

/// A command and the output that the file has for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Line of the command, from 1.
    pub line: u32,
    /// What follows `$ `.
    pub command: String,
    /// The output, each line with a line break.
    pub output: String,
}

impl Test {
    /// Runs every `$ command` of the file, in order, and compares what `run` returns with
    /// the `| ` lines below it. `BLESS=1` rewrites those lines.
    pub fn transcript(&mut self, mut run: impl FnMut(&str) -> String) {
        let exchanges = parse(self.text());
        if exchanges.is_empty() {
            self.fail("no `$ command` in the transcript");
        }
        let outputs: Vec<String> = exchanges.iter().map(|e| run(&e.command)).collect();
        if snapshot::is_blessing() {
            let text = bless(self.text(), &outputs);
            if text != self.text()
                && let Err(error) = std::fs::write(self.path(), text)
            {
                self.fail(format!("cannot write {}: {error}", self.name()));
            }
            return;
        }
        for (exchange, output) in exchanges.iter().zip(&outputs) {
            let diff = unified_diff(&exchange.output, &tidy(output));
            if !diff.is_empty() {
                let message = format!("`{}`; BLESS=1 rewrites it:\n{diff}", exchange.command);
                self.fail_at(exchange.line, message);
            }
        }
    }
}

fn parse(text: &str) -> Vec<Exchange> {
    let mut all: Vec<Exchange> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if let Some(command) = text.strip_prefix("$ ") {
            all.push(Exchange { line, command: command.trim().to_owned(), output: String::new() });
        } else if let (Some(output), Some(last)) = (text.strip_prefix('|'), all.last_mut()) {
            let output = output.strip_prefix(' ').unwrap_or(output);
            last.output += &format!("{}\n", output.trim_end());
        }
    }
    all
}

fn tidy(text: &str) -> String {
    let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

fn bless(text: &str, outputs: &[String]) -> String {
    let mut outputs = outputs.iter();
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with('|')) {
        out += &format!("{line}\n");
        if line.starts_with("$ ") {
            for line in outputs.next().map_or("", |s| s).lines() {
                out += format!("| {}", line.trim_end()).trim_end();
                out.push('\n');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blessed_transcripts_match() {
        let text = "# about\n$ one  \n| old\n\n$ two\n# why\n$ three\n| x\n";
        let parsed = parse(text);
        assert_eq!((parsed[0].line, parsed[0].command.as_str()), (2, "one"));
        assert_eq!(parsed[2].output, "x\n");
        let outputs = ["a\n\n b  \n", "", "$ y\n"].map(str::to_owned);
        let blessed = bless(text, &outputs);
        assert_eq!(blessed, "# about\n$ one  \n| a\n|\n|  b\n\n$ two\n# why\n$ three\n| $ y\n");
        for (exchange, output) in parse(&blessed).iter().zip(&outputs) {
            assert_eq!(exchange.output, tidy(output));
        }
        assert_eq!(bless(&blessed, &outputs), blessed);
    }
}
