//! A place to run commands in: a scratch folder that looks like the root of the repository,
//! and a shell in which `bpfc` is the binary under test.

use bpfc_testkit::workspace_root;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Folders that commands may name; they are links to the repository's.
const LINKED: [&str; 3] = ["docs", "examples", "tests"];

/// What the documentation tells people to type in a clone, and what runs instead.
const CARGO_RUN: &str = "cargo run --release -- ";

/// A scratch folder, removed when dropped.
pub struct Shell {
    folder: PathBuf,
}

impl Shell {
    /// A new folder of its own.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("shell-{}-{id}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).expect("cargo's folder for tests is writable");
        let root = workspace_root().expect("cargo runs tests inside the workspace");
        for name in LINKED {
            symlink(root.join(name), folder.join(name)).expect("the folder is new");
        }
        Self { folder }
    }

    /// Where the commands run.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs `script` with nobody typing and no terminal; both its outputs in the order in
    /// which they were written, and its exit status.
    pub fn run(&self, script: &str) -> (String, Option<i32>) {
        let script = format!("exec 2>&1\n{}", script.replace(CARGO_RUN, "bpfc "));
        let output = self.command("sh").arg("-c").arg(script).output();
        let output = output.expect("there is a POSIX shell");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (text, output.status.code())
    }

    /// `program` as these tests start it.
    pub fn command(&self, program: &str) -> Command {
        let bpfc = Path::new(env!("CARGO_BIN_EXE_bpfc"));
        let folder = bpfc.parent().expect("a binary is in a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .env("PATH", format!("{}:{path}", folder.display()))
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// Whether the running kernel describes its types.
pub fn has_btf() -> bool {
    Path::new("/sys/kernel/btf/vmlinux").exists()
}
