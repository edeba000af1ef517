//! One running test: what the closure sees, and what it says back.

use crate::expect::{self, Found};
use crate::file::{TestFile, Verb};
use crate::snapshot;
use crate::step::Step;
use std::path::Path;

/// Why a test did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It is wrong.
    Failed(String),
    /// It could not run here, and that is all right: a tool is not installed.
    Skipped(String),
    /// It could not run for want of a privilege or a kernel feature. A skip, unless
    /// `BPFC_REQUIRE_KERNEL=1` says that the machine has them.
    NeedsKernel(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::Failed(message.to_owned())
    }
}

/// The Linux version that a test needs: `//@ since: 5.17 (bpf_loop)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since {
    /// 5 of 5.17.
    pub major: u32,
    /// 17 of 5.17.
    pub minor: u32,
    /// What in parentheses names the feature; may be empty.
    pub feature: String,
}

/// A test while it runs.
#[derive(Debug)]
pub struct Test {
    pub(crate) file: TestFile,
    pub(crate) failures: Vec<String>,
    pub(crate) snapshots: Vec<(String, String)>,
    looked_at_diagnostics: bool,
    looked_at_steps: bool,
    looked_at_verbs: bool,
}

impl Test {
    pub(crate) fn new(file: TestFile) -> Self {
        Self {
            file,
            failures: Vec::new(),
            snapshots: Vec::new(),
            looked_at_diagnostics: false,
            looked_at_steps: false,
            looked_at_verbs: false,
        }
    }

    /// The file as read.
    pub fn file(&self) -> &TestFile {
        &self.file
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The file's path below the workspace, with `/`.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The whole text, directives included.
    pub fn text(&self) -> &str {
        &self.file.text
    }

    /// The value of `//@ key: value`, the first if there are several.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.file.setting(key)
    }

    /// The words of every `//@ flags:`.
    pub fn flags(&self) -> Vec<String> {
        let settings = self.file.settings.iter().filter(|s| s.key == "flags");
        settings.flat_map(|s| s.value.split_whitespace().map(str::to_owned)).collect()
    }

    /// `//@ since: 5.17 (bpf_loop)`; an error if it cannot be read.
    pub fn since(&self) -> Result<Option<Since>, Failure> {
        let Some(value) = self.setting("since") else {
            return Ok(None);
        };
        let (version, feature) = value.split_once(' ').unwrap_or((value, ""));
        let numbers = version.split_once('.');
        let parsed = numbers.and_then(|(major, minor)| {
            Some(Since {
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
                feature: feature.trim().trim_matches(['(', ')']).to_owned(),
            })
        });
        let message = || format!("`since: {value}` is not a version, as in `5.17 (bpf_loop)`");
        parsed.map(Some).ok_or_else(message).map_err(Failure::Failed)
    }

    /// Compares diagnostics with the assertions of the file; missing and unexpected ones
    /// both fail.
    pub fn diagnostics(&mut self, found: &[Found]) {
        self.looked_at_diagnostics = true;
        self.failures.extend(expect::compare(&self.file, found));
    }

    /// The scenario of the file, which the caller now executes.
    pub fn steps(&mut self) -> Vec<Step> {
        self.looked_at_steps = true;
        self.file.steps.clone()
    }

    /// The assertions with verbs of the suite, which the caller now checks.
    pub fn verbs(&mut self) -> Vec<Verb> {
        self.looked_at_verbs = true;
        self.file.verbs.clone()
    }

    /// Compares `actual` with the snapshot called `name`.
    pub fn snapshot(&mut self, name: &str, actual: &str) {
        if !snapshot::is_blessing() {
            let difference = snapshot::compare(&self.file, name, actual);
            self.failures.extend(difference);
        }
        self.snapshots.push((name.to_owned(), actual.to_owned()));
    }

    /// True if the file has a snapshot called `name`: for suites with optional ones.
    pub fn has_snapshot(&self, name: &str) -> bool {
        self.file.snapshots.iter().any(|s| s.name == name)
    }

    /// Records a failure and goes on.
    pub fn fail(&mut self, message: impl Into<String>) {
        self.failures.push(message.into());
    }

    /// Records a failure at `line` of the file and goes on.
    pub fn fail_at(&mut self, line: u32, message: impl AsRef<str>) {
        let name = &self.file.name;
        self.failures.push(format!("{name}:{line}: {}", message.as_ref()));
    }

    /// What the file asserts and the closure never looked at.
    pub(crate) fn unexamined(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut note = |is_void: bool, what: &str| {
            if is_void {
                all.push(format!("this suite does not examine {what}"));
            }
        };
        let file = &self.file;
        note(!self.looked_at_diagnostics && !file.assertions.is_empty(), "diagnostics");
        note(!self.looked_at_steps && !file.steps.is_empty(), "steps");
        note(!self.looked_at_verbs && !file.verbs.is_empty(), "verbs");
        let void = |s: &&crate::Snapshot| self.snapshots.iter().all(|(name, _)| *name != s.name);
        for snapshot in file.snapshots.iter().filter(void) {
            all.push(format!("nothing produced snapshot `{}`", snapshot.name));
        }
        all
    }
}
