//! Real headers, where their packages are installed: each of them alone in a program gives no
//! diagnostic.

use bpfc::{Dialect, FileProvider, Host, IncludeForm, IncludeRequest, LoadedFile, Options};
use bpfc_base::Session;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian has the headers of `linux-libc-dev` and `libbpf-dev`.
const FOLDERS: [&str; 2] = ["/usr/include", "/usr/include/x86_64-linux-gnu"];

/// Headers that are left out, and why. GCC refuses to compile most of them alone, too.
const EXCLUDED: [(&str, &str); 11] = [
    ("linux/coda.h", "uses `u_quad_t`, which it does not declare"),
    ("linux/cyclades.h", "warns that it is empty and will be removed"),
    ("linux/errqueue.h", "uses `struct timespec`, which it does not declare"),
    ("linux/kfd_ioctl.h", "includes `drm/drm.h`, which is in another package"),
    ("linux/omapfb.h", "uses `size_t`, which it does not declare"),
    ("linux/patchkey.h", "an `#error` for whoever includes it directly"),
    ("linux/phonet.h", "uses `sa_family_t`, which it does not declare"),
    ("linux/sctp.h", "uses `struct sockaddr_storage`, which it does not declare"),
    ("linux/sysctl.h", "uses `size_t`, which it does not declare"),
    ("asm-generic/ucontext.h", "uses `stack_t`, which it does not declare"),
    ("asm/ucontext.h", "uses `stack_t`, which it does not declare"),
];

/// What headers for BPF programs want in front of them.
const FIRST: [(&str, &[&str]); 5] = [
    ("bpf/bpf_helper_defs.h", &["linux/bpf.h"]),
    ("bpf/bpf_helpers.h", &["linux/bpf.h"]),
    ("bpf/bpf_tracing.h", &["linux/bpf.h", "bpf/bpf_helpers.h"]),
    // For user space, and for whoever has `errno` already.
    ("bpf/skel_internal.h", &["errno.h"]),
    ("bpf/usdt.bpf.h", &["linux/bpf.h", "linux/ptrace.h", "stdbool.h", "bpf/bpf_helpers.h"]),
];

/// Files in folders that are searched in order.
struct Folders(Vec<PathBuf>);

impl Folders {
    /// The file, and the number of its folder.
    fn find(&self, request: &IncludeRequest<'_>) -> Option<(PathBuf, u32)> {
        let beside = Path::new(request.includer).parent().map(|folder| folder.join(request.name));
        if let (IncludeForm::Quoted, Some(path)) = (request.form, beside)
            && path.is_file()
        {
            return Some((path, request.directory));
        }
        let first = match request.form {
            IncludeForm::Next => request.directory as usize,
            _ => 0,
        };
        let numbered = self.0.iter().enumerate().skip(first);
        let mut paths = numbered.map(|(idx, folder)| (folder.join(request.name), idx as u32 + 1));
        paths.find(|(path, _)| path.is_file())
    }
}

impl FileProvider for Folders {
    fn load(&mut self, request: &IncludeRequest<'_>) -> Option<LoadedFile> {
        let (path, directory) = self.find(request)?;
        let text = std::fs::read_to_string(&path).ok()?;
        let name = path.to_string_lossy().into();
        Some(LoadedFile { name, text: text.into(), is_user: true, directory })
    }

    fn exists(&mut self, request: &IncludeRequest<'_>) -> bool {
        self.find(request).is_some()
    }
}

/// No kernel types: headers bring their own.
impl Host for Folders {
    fn kernel_btf(&mut self) -> Option<std::sync::Arc<bpfc::Btf>> {
        None
    }
}

/// What is said of a program that includes `headers`.
fn messages(headers: &[&str]) -> Vec<String> {
    let mut text = String::new();
    for header in headers {
        text += &format!("#include <{header}>\n");
    }
    text += "__attribute__((section(\"xdp\"), used)) int the_program(void *ctx) { return 1; }\n";
    text += "char the_license[] __attribute__((section(\"license\"))) = \"GPL\";\n";
    let mut session = Session::default();
    let options =
        Options { dialect: Some(Dialect::C), deferral: bpfc::Deferral::None, ..Options::default() };
    let mut folders = Folders(FOLDERS.iter().map(PathBuf::from).collect());
    let file = bpfc::add_source(&mut session, "header.c", text.as_bytes()).expect("it is text");
    bpfc::compile(&mut session, file, &options, &mut folders);
    let diagnostics = session.diagnostics.iter();
    diagnostics.map(|d| format!("{}: {}", d.code.name(), d.message)).collect()
}

/// The names of the headers of a group, as in `#include <…>`, in order.
fn headers_of(group: &str) -> Vec<String> {
    let folders = FOLDERS.iter().map(|folder| Path::new(folder).join(group));
    let files = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let mut names: Vec<String> =
        names.filter(|name| name.ends_with(".h")).map(|name| format!("{group}/{name}")).collect();
    names.sort();
    names.dedup();
    names
}

fn check_group(group: &str, n_least: usize, package: &str) {
    let headers = headers_of(group);
    if headers.is_empty() {
        bpfc_testkit::skipped(format!("{package} is not installed"));
        return;
    }
    let mut failures = Vec::new();
    let mut n_checked = 0;
    for header in &headers {
        let is_excluded = EXCLUDED.iter().any(|(name, _)| name == header);
        if is_excluded {
            continue;
        }
        let first = FIRST.iter().find(|(name, _)| name == header);
        let mut included = first.map_or(Vec::new(), |(_, first)| first.to_vec());
        included.push(header);
        let messages = messages(&included);
        failures.extend(messages.into_iter().map(|message| format!("{header}: {message}")));
        n_checked += 1;
    }
    println!("{group}: {n_checked} headers");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(n_checked >= n_least, "{n_checked} headers only");
}

#[test]
fn of_linux() {
    check_group("linux", 400, "linux-libc-dev");
}

#[test]
fn of_asm() {
    check_group("asm", 40, "linux-libc-dev");
    check_group("asm-generic", 30, "linux-libc-dev");
}

#[test]
fn of_libbpf() {
    check_group("bpf", 10, "libbpf-dev");
}

#[test]
fn of_netinet() {
    check_group("netinet", 5, "libc6-dev");
}

/// Every exclusion is of a header that GCC refuses as well, or that says itself why.
#[test]
fn exclusions_are_no_excuses() {
    let folder = crate::support::scratch("headers");
    for (header, reason) in EXCLUDED {
        let is_installed = FOLDERS.iter().any(|folder| Path::new(folder).join(header).is_file());
        if !is_installed || reason.starts_with("warns") {
            continue;
        }
        let file = folder.join("excluded.c");
        std::fs::write(&file, format!("#include <{header}>\n")).expect("the folder is writable");
        let Ok(output) = Command::new("gcc").args(["-fsyntax-only", "-w"]).arg(&file).output()
        else {
            bpfc_testkit::skipped("gcc is not installed");
            return;
        };
        assert!(!output.status.success(), "GCC takes {header}: {reason}?");
    }
}
