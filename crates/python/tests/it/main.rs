//! The package as Python sees it: each file of `tests/python` is a test, run with what cargo built.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with the package, gone when this is.
struct Package {
    folder: PathBuf,
}

impl Package {
    fn new(name: &str) -> Package {
        let folder =
            std::env::temp_dir().join(format!("bpfc-python-{name}-{}", std::process::id()));
        let package = folder.join("bpfc");
        copy(&self::folder().join("bpfc"), &package);
        let library = std::env::current_exe().unwrap().with_file_name("libbpfc_python.so");
        std::fs::copy(library, package.join("_native.abi3.so")).unwrap();
        Package { folder }
    }
}

/// Copies the sources of a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() && name != "__pycache__" {
            copy(&path, &to.join(name));
        } else if path.extension().is_some_and(|ending| ending != "so") {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs the tests of a file; those that are skipped are named.
fn run(name: &str) {
    let package = Package::new(name);
    let output = Command::new("python3")
        .args(["-m", "unittest", "-v", name])
        .env("PYTHONPATH", &package.folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(folder().join("tests/python"))
        .output();
    let Ok(output) = output else {
        bpfc_testkit::skipped(format!("{name}: there is no python3"));
        return;
    };
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stdout));
    for line in text.lines().filter(|line| line.contains("... skipped")) {
        bpfc_testkit::skipped(line);
    }
}

macro_rules! files {
    ($($name:ident)*) => {
        $(#[test] fn $name() { run(stringify!($name)); })*

        /// No file is forgotten.
        #[test]
        fn all_files_are_tests() {
            let mut known = vec![$(stringify!($name)),*];
            let entries = std::fs::read_dir(folder().join("tests/python")).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut found: Vec<String> = names
                .filter_map(|name| Some(name.strip_suffix(".py")?.to_owned()))
                .filter(|name| name.starts_with("test_"))
                .collect();
            found.sort();
            known.sort();
            assert_eq!(found, known);
        }
    };
}

files! {
    test_attaching
    test_code
    test_compiling
    test_documentation
    test_events
    test_machine
    test_packets
    test_scripts
    test_tables
    test_tunnel_monitor
    test_types
    test_utilities
}
