//! A suite: which files, and what their directives may say.

use crate::file::TestFile;
use crate::report::Report;
use crate::runner;
use crate::test::{Failure, Test};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A folder of test files.
#[derive(Clone, Debug)]
pub struct Suite {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    root: PathBuf,
    extensions: Vec<String>,
    keys: Vec<String>,
    verbs: Vec<String>,
    filter: Option<String>,
    pub(crate) timeout: Duration,
}

/// Time for one test, unless the suite, `//@ timeout: SECONDS` or the environment
/// (`BPFC_TEST_TIMEOUT`) says otherwise. Machines that run many things at once are slow.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// The nearest folder above the current one whose `Cargo.toml` holds a workspace.
pub fn workspace_root() -> Option<PathBuf> {
    let start = std::env::current_dir().ok()?;
    let is_root = |dir: &&Path| {
        std::fs::read_to_string(dir.join("Cargo.toml"))
            .is_ok_and(|text| text.lines().any(|line| line.trim() == "[workspace]"))
    };
    start.ancestors().find(is_root).map(Path::to_path_buf)
}

impl Suite {
    /// The suite in folder `dir` of the workspace.
    pub fn in_workspace(dir: &str) -> Self {
        let root = workspace_root().unwrap_or_default();
        Self::in_root(root, Path::new(dir))
    }

    /// The suite in folder (or of the one file) `path`.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self::in_root(PathBuf::new(), path.as_ref())
    }

    fn in_root(root: PathBuf, dir: &Path) -> Self {
        let seconds = std::env::var("BPFC_TEST_TIMEOUT").ok();
        let seconds = seconds.and_then(|s| s.parse().ok());
        Self {
            name: slashed(dir),
            dir: root.join(dir),
            root,
            extensions: Vec::new(),
            keys: Vec::new(),
            verbs: Vec::new(),
            filter: std::env::var("BPFC_TEST").ok().filter(|f| !f.is_empty()),
            timeout: seconds.map_or(DEFAULT_TIMEOUT, Duration::from_secs),
        }
    }

    /// Only files that end in one of these (without the dot); else all with a known
    /// comment marker, headers excepted.
    pub fn extensions(mut self, extensions: &[&str]) -> Self {
        self.extensions = extensions.iter().map(|&e| e.to_owned()).collect();
        self
    }

    /// Keys of `//@` that this suite honours, beyond `known-bug`, `skip` and `timeout`.
    pub fn keys(mut self, keys: &[&str]) -> Self {
        self.keys = keys.iter().map(|&key| key.to_owned()).collect();
        self
    }

    /// Words that may follow `//~`, beyond codes and steps.
    pub fn verbs(mut self, verbs: &[&str]) -> Self {
        self.verbs = verbs.iter().map(|&verb| verb.to_owned()).collect();
        self
    }

    /// Only files whose name contains `filter`. The environment (`BPFC_TEST`) sets it too.
    pub fn filter(mut self, filter: Option<String>) -> Self {
        self.filter = filter;
        self
    }

    /// Time for one test.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs `check` on every file, several at a time. The closure must not borrow, since a
    /// test that hangs is left behind.
    pub fn run<F>(&self, check: F) -> Report
    where
        F: Fn(&mut Test) -> Result<(), Failure> + Send + Sync + 'static,
    {
        runner::run(self, check)
    }

    /// The files of the suite in order, and how many the filter left out.
    pub(crate) fn files(&self) -> Result<(Vec<PathBuf>, usize), String> {
        let mut all = Vec::new();
        if self.dir.is_file() {
            all.push(self.dir.clone());
        } else {
            self.walk(&self.dir, &mut all)?;
        }
        all.sort();
        let n_all = all.len();
        if let Some(filter) = &self.filter {
            all.retain(|path| self.display_name(path).contains(filter));
        }
        let n_left_out = n_all - all.len();
        Ok((all, n_left_out))
    }

    fn walk(&self, dir: &Path, all: &mut Vec<PathBuf>) -> Result<(), String> {
        let error = |e: std::io::Error| format!("cannot read {}: {e}", dir.display());
        for entry in std::fs::read_dir(dir).map_err(error)? {
            let path = entry.map_err(error)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // Folders with what tests include are no tests.
            let is_aside = name.starts_with(['.', '_']) || name == "include";
            if path.is_dir() && !is_aside {
                self.walk(&path, all)?;
            } else if path.is_file() && self.is_test(&path) {
                all.push(path);
            }
        }
        Ok(())
    }

    fn is_test(&self, path: &Path) -> bool {
        let extension = extension(path);
        match self.extensions.is_empty() {
            true => extension != "h" && marker(path).is_some(),
            false => self.extensions.contains(&extension),
        }
    }

    pub(crate) fn display_name(&self, path: &Path) -> String {
        slashed(path.strip_prefix(&self.root).unwrap_or(path))
    }

    /// Reads and parses one file.
    pub(crate) fn load(&self, path: &Path) -> Result<TestFile, String> {
        let name = self.display_name(path);
        let text = std::fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
        let mut file = match marker(path) {
            Some(marker) => TestFile::parse(&text, marker, &self.keys, &self.verbs)
                .map_err(|e| format!("{name}:{}: {}", e.line, e.message))?,
            None => TestFile { text, ..TestFile::default() },
        };
        file.path = path.to_path_buf();
        file.name = name;
        Ok(file)
    }
}

/// What starts a line comment in files like `path`.
pub(crate) fn marker(path: &Path) -> Option<&'static str> {
    match extension(path).as_str() {
        "c" | "h" => Some("//"),
        "bir" | "s" => Some(";"),
        "test" => Some("#"),
        _ => None,
    }
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().into_owned()
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
