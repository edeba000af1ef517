//! Programs are the same code whether their headers' types are parsed at once or when they
//! are needed. Only their BTF is smaller: what was not needed is a forward declaration.

use crate::support::TestHost;
use bpfc::{Btf, Deferral, Emit, FileProvider, Host, IncludeRequest, LoadedFile, Options};
use bpfc_base::Session;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Serves a dumped `vmlinux.h`, if there is one.
struct Dumped(Option<Arc<str>>);

impl FileProvider for Dumped {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        let text = self.0.as_ref().filter(|_| request.name == "vmlinux.h")?;
        Some(LoadedFile {
            name: "vmlinux.h".into(),
            text: Arc::clone(text),
            is_user: true,
            directory: 1,
        })
    }
}

impl Host for Dumped {
    fn kernel_btf(&mut self) -> Option<Arc<Btf>> {
        TestHost::default().kernel_btf()
    }
}

/// The code, or what was reported.
fn compile(path: &Path, host: &mut Dumped, deferral: Deferral) -> Result<String, String> {
    let bytes = std::fs::read(path).expect("the example can be read");
    let mut session = Session::default();
    let file = bpfc::add_source(&mut session, &path.to_string_lossy(), &bytes);
    let options = Options { deferral, ..Options::default() };
    let file = file.expect("the example is text");
    let code = bpfc::emit(&mut session, file, &options, host, Emit::Asm);
    let messages: String =
        session.diagnostics.iter().map(|d| format!("{}: {}\n", d.code.name(), d.message)).collect();
    match code {
        Some(code) if messages.is_empty() => Ok(code),
        _ => Err(messages),
    }
}

fn programs(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let files = std::fs::read_dir(root).expect("the folder is there");
    let paths = files.filter_map(|entry| Some(entry.ok()?.path()));
    let mut programs: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ext| ext == "c")).collect();
    programs.sort();
    programs
}

#[test]
fn built_in_headers() {
    for path in programs("examples") {
        let mut host = Dumped(None);
        let at_once = compile(&path, &mut host, Deferral::None);
        let deferred = compile(&path, &mut host, Deferral::Headers);
        assert!(at_once.is_ok(), "{}: {at_once:?}", path.display());
        assert!(at_once == deferred, "{} differs", path.display());
    }
}

#[test]
fn dumped_vmlinux_header() {
    let dump = Command::new("bpftool")
        .args(["btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c"])
        .output();
    let Some(dump) = dump.ok().filter(|dump| dump.status.success()) else {
        bpfc_testkit::skipped("bpftool or the kernel's BTF is missing");
        return;
    };
    let text: Arc<str> = String::from_utf8_lossy(&dump.stdout).into();
    let mut host = Dumped(Some(text));
    let mut n = 0;
    for path in programs("examples") {
        let source = std::fs::read_to_string(&path).unwrap_or_default();
        if !source.contains("vmlinux.h") || !source.contains("bpf_core_read") {
            continue;
        }
        n += 1;
        let at_once = compile(&path, &mut host, Deferral::None);
        let deferred = compile(&path, &mut host, Deferral::Headers);
        assert!(deferred.is_ok(), "{}: {deferred:?}", path.display());
        assert!(at_once == deferred, "{} differs", path.display());
    }
    assert!(n > 0, "an example includes it");
}
