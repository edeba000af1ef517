//! The library under the name that it is installed with, and compilers.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with the library, gone when this is.
pub struct Stage {
    folder: PathBuf,
}

impl Stage {
    pub fn new(name: &str) -> Stage {
        let folder = std::env::temp_dir().join(format!("bpfc-capi-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let library = built();
        std::fs::copy(library, folder.join("libbpfc.so.0")).unwrap();
        std::os::unix::fs::symlink("libbpfc.so.0", folder.join("libbpfc.so")).unwrap();
        Stage { folder }
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// A program made of a C file; none if there is no such compiler.
    pub fn compile(&self, compiler: &[&str], source: &Path) -> Option<PathBuf> {
        let name = source.file_stem().unwrap().to_str().unwrap();
        let program = self.folder.join(format!("{name}-{}", compiler[0]));
        let mut command = Command::new(compiler[0]);
        command.args(["-Wall", "-Wextra", "-Werror", "-g"]).args(&compiler[1..]);
        command.arg("-I").arg(folder().join("include")).arg("-o").arg(&program).arg(source);
        command.arg("-L").arg(&self.folder).args(["-lbpfc", "-pthread"]);
        let output = command.output().ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(program)
    }

    /// A call of a program that finds the library.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", &self.folder).current_dir(&self.folder);
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The library, which cargo built for this test.
pub fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.with_file_name("libbpfc_capi.so")
}

/// What a program that must succeed printed.
pub fn succeeds(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

pub fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0\t")
}

/// Whether objects can be loaded here.
pub fn has_kernel() -> bool {
    let source = "__attribute__((section(\"xdp\"))) int f(void *ctx) { return 2; }";
    is_root() && bpfc::Program::compile(source).unwrap().unchecked().load().is_ok()
}

/// C11 and C++17, with the compilers that are there.
pub const COMPILERS: &[&[&str]] = &[
    &["gcc", "-std=c11", "-pedantic"],
    &["clang-19", "-std=c11", "-pedantic"],
    &["g++", "-std=c++17", "-x", "c++"],
    &["clang++-19", "-std=c++17", "-x", "c++"],
];
