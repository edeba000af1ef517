//! Objects, tools, and the rule for machines that cannot run them.

use bpfc::{Cpu, NoHost, Options};
use bpfc_base::{Session, Severity};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Says why a test is left out.
pub fn skip(reason: &str) {
    bpfc_testkit::skipped(format!("another loader: {reason}"));
}

/// True if programs may be loaded; otherwise says so, or fails where the kernel is required.
pub fn may_load() -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root {
        assert!(std::env::var_os("BPFC_REQUIRE_KERNEL").is_none(), "the kernel needs root");
        skip("loading programs needs root");
    }
    is_root
}

/// True if the tool can be started; otherwise says so.
pub fn has(tool: &str) -> bool {
    let mut command = Command::new("sh");
    let found = command.args(["-c", &format!("command -v {tool}")]).stdout(Stdio::null()).status();
    let is_there = found.is_ok_and(|status| status.success());
    if !is_there {
        skip(&format!("no `{tool}`"));
    }
    is_there
}

/// The object file of a program in `tests/programs`.
pub fn object(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(name);
    let text = std::fs::read(path).unwrap();
    let options = Options { cpu: Cpu::V3, ..Options::default() };
    let mut session = Session::default();
    let file = bpfc::add_source(&mut session, name, &text);
    let object = file.and_then(|file| bpfc::compile(&mut session, file, &options, &mut NoHost));
    let errors = session.diagnostics.iter().filter(|d| d.severity == Severity::Error);
    let errors: Vec<&String> = errors.map(|error| &error.message).collect();
    bpfc_object::write(&object.unwrap_or_else(|| panic!("{errors:?}"))).unwrap()
}

/// Where the variable `name` is in its section.
#[cfg(feature = "libbpf-rs")]
pub fn offset(object: &[u8], name: &str) -> usize {
    let object = bpfc_object::read(object).unwrap();
    let mut variables = object.data.iter().flat_map(|section| &section.variables);
    variables.find(|variable| variable.name == name).unwrap().offset as usize
}

/// A folder for files; goes when this does.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        Folder::below(&std::env::temp_dir())
    }

    pub fn below(parent: &Path) -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("bpfc_loaders_{}_{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    /// Writes a file; its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Folders of pins cannot be emptied by walking only files, so both are tried.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Runs a command line, split at blanks; what it printed. Panics if it fails.
pub fn run(line: &str) -> String {
    let output = output(line);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}:\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command line, split at blanks.
pub fn output(line: &str) -> Output {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap());
    command
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{line}: {error}"))
}
