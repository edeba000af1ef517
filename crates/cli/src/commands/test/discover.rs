//! Which files have tests.

use crate::files;
use bpfc_base::{Diagnostic, codes};
use bpfc_tester::{REJECTED_VERB, TEST_VERB};
use bpfc_testkit::TestFile;
use std::path::{Path, PathBuf};

/// Folders are not searched deeper than this.
const MAX_DEPTH: usize = 64;

/// A file with tests, read.
pub struct Source {
    /// As the user named it.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What its comments say; or the line and what is wrong with it.
    pub comments: Result<TestFile, (u32, String)>,
    /// Whether it has test functions.
    pub has_functions: bool,
}

/// The C files that `paths` name: files themselves, and those with tests in folders, in the order of their names.
///
/// # Errors
/// A path that cannot be read.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Diagnostic> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let mut sources = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut found = Vec::new();
            walk(path, 0, &mut found)?;
            for file in found {
                let source = read(&file)?;
                sources.extend(source.has_tests().then_some(source));
            }
        } else {
            sources.push(read(path)?);
        }
    }
    Ok(sources)
}

/// Appends the C files below a folder. Hidden folders and links to folders are left out.
fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Diagnostic> {
    let fail = |error: std::io::Error| {
        let message =
            format!("cannot read the folder `{}`: {}", folder.display(), files::plain(&error));
        Diagnostic::without_span(codes::load::E0901, message)
    };
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).map_err(fail)?.collect::<Result<_, _>>().map_err(fail)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = match folder == Path::new(".") {
            true => PathBuf::from(entry.file_name()),
            false => entry.path(),
        };
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let kind = entry.file_type().map_err(fail)?;
        if kind.is_dir() && !is_hidden && depth < MAX_DEPTH {
            walk(&path, depth + 1, found)?;
        } else if path.extension().is_some_and(|extension| extension == "c") && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Source, Diagnostic> {
    let bytes = files::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let verbs = [TEST_VERB, REJECTED_VERB].map(str::to_owned);
    let is_directive = |line: &str| line.contains("//~");
    // Other comments are nobody's business.
    let directives: Vec<&str> =
        text.lines().map(|line| if is_directive(line) { line } else { "" }).collect();
    let comments = TestFile::parse(&directives.join("\n"), "//", &[], &verbs);
    Ok(Source {
        name: files::shown(path),
        has_functions: text.contains("bpfc/test.h"),
        comments: comments.map_err(|error| (error.line, error.message)),
        bytes,
    })
}

impl Source {
    /// Whether there is anything to test.
    pub fn has_tests(&self) -> bool {
        let has_directives = |file: &TestFile| !file.steps.is_empty() || !file.verbs.is_empty();
        self.has_functions || self.comments.as_ref().map_or(true, has_directives)
    }
}
