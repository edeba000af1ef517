//! How tests ended, for people, for programs, and for the servers that run tests.

use serde_json::json;
use std::fmt::Write;
use std::time::Duration;

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it says.
    Passed,
    /// Otherwise: what was found, as people read it.
    Failed(String),
    /// It could not run here; why.
    Skipped(String),
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file, as the user named it.
    pub file: String,
    /// The test in the file.
    pub name: String,
    /// Line of the test, from 1, if known.
    pub line: Option<u32>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
}

/// All tests of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order of files and of tests in them.
    pub cases: Vec<Case>,
    /// Tests that the filter left out.
    pub n_filtered: usize,
    /// From start to end.
    pub elapsed: Duration,
}

impl Outcome {
    /// The word for it in every format.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Failed(_) => "failed",
            Outcome::Skipped(_) => "skipped",
        }
    }

    /// What is to be said about it, if anything.
    pub fn text(&self) -> &str {
        match self {
            Outcome::Passed => "",
            Outcome::Failed(text) | Outcome::Skipped(text) => text,
        }
    }
}

impl Report {
    /// How many tests ended so: passed, failed, skipped.
    pub fn counts(&self) -> [usize; 3] {
        let count =
            |word: &str| self.cases.iter().filter(|case| case.outcome.word() == word).count();
        ["passed", "failed", "skipped"].map(count)
    }

    /// The last line for people.
    pub fn summary(&self) -> String {
        let [passed, failed, skipped] = self.counts();
        let mut text = format!("{passed} passed, {failed} failed");
        if skipped > 0 {
            // Writing to a string does not fail.
            let _ = write!(text, ", {skipped} skipped");
        }
        if self.n_filtered > 0 {
            let _ = write!(text, ", {} filtered out", self.n_filtered);
        }
        text
    }

    /// A JSON object for each test, and one for all, a line each.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        for case in &self.cases {
            let row = json!({
                "event": "test",
                "file": case.file,
                "name": case.name,
                "line": case.line,
                "outcome": case.outcome.word(),
                "text": case.outcome.text(),
                "seconds": case.elapsed.as_secs_f64(),
            });
            let _ = writeln!(out, "{row}");
        }
        let [passed, failed, skipped] = self.counts();
        let row = json!({
            "event": "summary",
            "passed": passed,
            "failed": failed,
            "skipped": skipped,
            "filtered": self.n_filtered,
            "seconds": self.elapsed.as_secs_f64(),
        });
        let _ = writeln!(out, "{row}");
        out
    }

    /// A document of JUnit, which servers that run tests read: a suite for each file.
    pub fn to_junit(&self) -> String {
        let [_, failed, skipped] = self.counts();
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ = writeln!(
            out,
            "<testsuites name=\"bpfc\" tests=\"{}\" failures=\"{failed}\" skipped=\"{skipped}\" time=\"{:.6}\">",
            self.cases.len(),
            self.elapsed.as_secs_f64()
        );
        for cases in self.cases.chunk_by(|left, right| left.file == right.file) {
            suite(cases, &mut out);
        }
        out + "</testsuites>\n"
    }
}

fn suite(cases: &[Case], out: &mut String) {
    let of = |word: &str| cases.iter().filter(|case| case.outcome.word() == word).count();
    let seconds: f64 = cases.iter().map(|case| case.elapsed.as_secs_f64()).sum();
    let file = escaped(&cases[0].file);
    let _ = writeln!(
        out,
        "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{seconds:.6}\">",
        cases.len(),
        of("failed"),
        of("skipped")
    );
    for case in cases {
        let line = case.line.map_or(String::new(), |line| format!(" line=\"{line}\""));
        let _ = write!(
            out,
            "    <testcase classname=\"{file}\" name=\"{}\" file=\"{file}\"{line} time=\"{:.6}\"",
            escaped(&case.name),
            case.elapsed.as_secs_f64()
        );
        let _ = match &case.outcome {
            Outcome::Passed => writeln!(out, "/>"),
            Outcome::Failed(text) => {
                let first = escaped(text.lines().next().unwrap_or_default());
                let text = escaped(text);
                writeln!(
                    out,
                    ">\n      <failure message=\"{first}\">{text}</failure>\n    </testcase>"
                )
            }
            Outcome::Skipped(reason) => {
                let reason = escaped(reason);
                writeln!(out, ">\n      <skipped message=\"{reason}\"/>\n    </testcase>")
            }
        };
    }
    out.push_str("  </testsuite>\n");
}

/// Text as XML 1.0 takes it: characters that it cannot have at all become U+FFFD.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push('\t'),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let case = |file: &str, name: &str, outcome| Case {
            file: file.to_owned(),
            name: name.to_owned(),
            line: Some(3),
            outcome,
            elapsed: Duration::from_millis(1),
        };
        Report {
            cases: vec![
                case("a.c", "one", Outcome::Passed),
                case("a.c", "two", Outcome::Failed("1 < 2 & \"x\"\n\u{1}end".to_owned())),
                case("b.c", "three", Outcome::Skipped("no kernel".to_owned())),
            ],
            n_filtered: 4,
            elapsed: Duration::from_secs(1),
        }
    }

    #[test]
    fn people_get_counts() {
        assert_eq!(report().summary(), "1 passed, 1 failed, 1 skipped, 4 filtered out");
    }

    #[test]
    fn programs_get_a_line_each() {
        let text = report().to_json();
        let rows: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[1]["outcome"], "failed");
        assert_eq!(rows[3]["failed"], 1);
    }

    #[test]
    fn servers_get_a_document() {
        let text = report().to_junit();
        assert!(text.contains("tests=\"3\" failures=\"1\" skipped=\"1\" time=\"1.000000\""));
        assert!(text.contains("message=\"1 &lt; 2 &amp; &quot;x&quot;\""));
        assert!(text.contains("&#10;\u{fffd}end</failure>"));
        assert_eq!(text.matches("<testsuite ").count(), 2);
        assert_eq!(text.matches("<testcase ").count(), 3);
    }
}
