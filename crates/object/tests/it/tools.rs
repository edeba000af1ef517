//! Runs the tools of the machine: LLVM, binutils, bpftool. A missing tool skips a test with its
//! reason; with `BPFC_REQUIRE_KERNEL=1` a missing `bpftool` or kernel fails it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that is removed in the end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("bpfc-object-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The output of a tool that must succeed; none, and a note, if it is not installed.
pub fn run(tool: &str, args: &[&str]) -> Option<String> {
    match Command::new(tool).args(args).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success() && !errors.contains("arning"),
                "{tool} {args:?}: {}\n{text}\n{errors}",
                output.status
            );
            Some(text)
        }
        Err(error) => {
            bpfc_testkit::skipped(format!("{tool}: {error}"));
            None
        }
    }
}

/// Why programs cannot be loaded here, if they cannot.
fn kernel_reason() -> Option<&'static str> {
    let is_root =
        Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.starts_with(b"0\n"));
    if !is_root {
        return Some("loading needs root");
    }
    if Command::new("bpftool").arg("version").output().is_err() {
        return Some("bpftool is not installed");
    }
    let features = Command::new("bpftool").args(["prog", "show"]).output().unwrap();
    (!features.status.success()).then_some("the kernel refuses bpf(2)")
}

/// Loads every program of an object through libbpf, as `bpftool` links it; the folder on bpffs
/// where they are pinned is given to `check` and removed. Does nothing, with a note, where that is
/// impossible.
pub fn load_all(object: &Path, name: &str, check: impl FnOnce(&str)) {
    if let Some(reason) = kernel_reason() {
        assert!(
            std::env::var_os("BPFC_REQUIRE_KERNEL").is_none_or(|value| value != "1"),
            "{reason}"
        );
        bpfc_testkit::skipped(reason);
        return;
    }
    let scratch = Scratch::new(&format!("bpffs-{name}"));
    let mount_point = scratch.path("fs");
    std::fs::create_dir_all(&mount_point).unwrap();
    let mount_point = mount_point.to_str().unwrap();
    if run("mount", &["-t", "bpf", "bpf", mount_point]).is_none() {
        return;
    }
    let pins = format!("{mount_point}/pins");
    let output = Command::new("bpftool")
        .args(["-d", "prog", "loadall", object.to_str().unwrap(), &pins])
        .output()
        .unwrap();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        assert!(
            output.status.success(),
            "bpftool: {}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        check(&pins);
    }));
    run("umount", &[mount_point]);
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}
