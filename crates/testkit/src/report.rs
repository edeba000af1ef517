//! What came out of a suite, and how it is told.

use crate::suite::Suite;
use std::io::Write;
use std::time::Duration;

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asserted.
    Passed,
    /// It failed, as `//@ known-bug:` says it must; the reason.
    KnownBug(String),
    /// It is wrong; why.
    Failed(String),
    /// It could not run; why.
    Skipped(String),
}

/// One test of a [`Report`].
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// Path below the workspace.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
}

/// The outcome of a suite, cases in the order of their names.
#[derive(Clone, Debug)]
#[must_use = "a report that nobody finishes hides failures"]
pub struct Report {
    /// Name of the suite: its folder.
    pub suite: String,
    /// Every test that the filter let through.
    pub cases: Vec<CaseReport>,
    /// Tests that the filter left out.
    pub n_filtered: usize,
    /// Time for all.
    pub elapsed: Duration,
}

impl Report {
    /// The report of a suite that could not start.
    pub(crate) fn broken(suite: &Suite, message: String) -> Self {
        Self {
            suite: suite.name.clone(),
            cases: vec![CaseReport {
                name: suite.name.clone(),
                outcome: Outcome::Failed(message),
                elapsed: Duration::ZERO,
            }],
            n_filtered: 0,
            elapsed: Duration::ZERO,
        }
    }

    fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.cases.iter().filter(|case| is(&case.outcome)).count()
    }

    /// Tests that passed, known bugs included.
    pub fn n_passed(&self) -> usize {
        self.count(|o| matches!(o, Outcome::Passed | Outcome::KnownBug(_)))
    }

    /// Tests that failed.
    pub fn n_failed(&self) -> usize {
        self.count(|o| matches!(o, Outcome::Failed(_)))
    }

    /// Tests that could not run.
    pub fn n_skipped(&self) -> usize {
        self.count(|o| matches!(o, Outcome::Skipped(_)))
    }

    /// Failures, skips with their reasons, and `N passed, N failed, N skipped`.
    pub fn to_text(&self) -> String {
        let mut out = format!("suite {}\n", self.suite);
        for case in &self.cases {
            let name = &case.name;
            match &case.outcome {
                Outcome::Passed => {}
                Outcome::KnownBug(reason) => out += &format!("  known bug {name}: {reason}\n"),
                Outcome::Skipped(reason) => out += &format!("  skipped {name}: {reason}\n"),
                Outcome::Failed(message) => {
                    let message = message.replace('\n', "\n    ");
                    out += &format!("  FAILED {name}\n    {message}\n");
                }
            }
        }
        let (passed, failed, skipped) = (self.n_passed(), self.n_failed(), self.n_skipped());
        out + &format!("{passed} passed, {failed} failed, {skipped} skipped\n")
    }

    /// As cargo's own test runner says it: a line per test, the failures, a closing line.
    pub fn to_libtest_text(&self) -> String {
        let mut out = format!("\nrunning {} tests\n", self.cases.len());
        let mut failures = String::new();
        for case in &self.cases {
            let name = &case.name;
            let word = match &case.outcome {
                Outcome::Passed => "ok".to_owned(),
                Outcome::KnownBug(reason) => format!("ok (known bug: {reason})"),
                Outcome::Skipped(reason) => format!("ignored, {reason}"),
                Outcome::Failed(message) => {
                    failures += &format!("---- {name} ----\n{message}\n\n");
                    "FAILED".to_owned()
                }
            };
            out += &format!("test {name} ... {word}\n");
        }
        if !failures.is_empty() {
            out += &format!("\nfailures:\n\n{failures}");
        }
        let (passed, failed, skipped) = (self.n_passed(), self.n_failed(), self.n_skipped());
        let word = if failed == 0 { "ok" } else { "FAILED" };
        out + &format!(
            "\ntest result: {word}. {passed} passed; {failed} failed; {skipped} ignored; \
             0 measured; {} filtered out; finished in {:.2}s\n\n",
            self.n_filtered,
            self.elapsed.as_secs_f32()
        )
    }

    /// For `#[test]` functions: tells what happened on the real standard output (the
    /// harness hides that of passing tests, and skips must be seen), then panics if a test
    /// failed.
    pub fn finish(self) {
        // One write, so that suites that run side by side do not mix their lines.
        let text = format!("\n{}", self.to_text());
        let mut out = std::io::stdout().lock();
        let told = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        drop(out);
        let n_failed = self.n_failed();
        assert!(n_failed == 0 && told.is_ok(), "{n_failed} tests of {} failed", self.suite);
    }
}

/// Says that something cannot be tested here, and why, on the real standard error, as [`Report::finish`] does.
pub fn skipped(reason: impl std::fmt::Display) {
    let text = format!("    skipped {reason}\n");
    // Who does not listen does not want to know.
    drop(std::io::stderr().lock().write_all(text.as_bytes()));
}
