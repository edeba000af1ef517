//! Asks the kernel of this machine, through bpftool.

use bpfc_base::Diagnostic;
use bpfc_btf::Btf;
use bpfc_kabi::KernelVersion;
use bpfc_object::{CoreTarget, FuncId, Linked, Object, Reloc, link, write};
use bpfc_verifier::VerifyOptions;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

/// A folder that is removed in the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        let path =
            std::env::temp_dir().join(format!("bpfc-verifier-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The running kernel's version, if programs can be loaded; else the reason why not.
pub fn kernel() -> Result<KernelVersion, String> {
    let output = |tool: &str, args: &[&str]| {
        let output = Command::new(tool).args(args).output();
        let output = output.map_err(|error| format!("{tool}: {error}"))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(format!("{tool} fails")),
        }
    };
    if output("id", &["-u"])?.trim() != "0" {
        return Err("loading needs root".to_owned());
    }
    output("bpftool", &["prog", "show"])?;
    let release = output("uname", &["-r"])?;
    KernelVersion::parse(&release).ok_or(release)
}

/// The types of the running kernel, if it shows them.
pub fn types() -> Option<Arc<Btf>> {
    static TYPES: OnceLock<Option<Arc<Btf>>> = OnceLock::new();
    let read = || Btf::parse(std::fs::read("/sys/kernel/btf/vmlinux").ok()?).ok().map(Arc::new);
    TYPES.get_or_init(read).clone()
}

/// The rules of a kernel, with the types of the running one.
pub fn options(kernel: KernelVersion) -> VerifyOptions {
    VerifyOptions { kernel: Some(kernel), kernel_btf: types(), ..VerifyOptions::default() }
}

/// A program with its CO-RE relocations applied for the running kernel.
pub fn relocated(object: &Object, program: FuncId) -> Linked {
    let mut linked = link(object, program).unwrap();
    if let (Some(types), Ok(local)) = (types(), object.open_btf()) {
        let _ = CoreTarget::new(&local, vec![&types]).apply(&mut linked);
    }
    linked
}

/// A note that the kernel is not asked; an error if it must be.
pub fn skip(reason: &str) {
    let required = std::env::var("BPFC_REQUIRE_KERNEL").is_ok_and(|value| value == "1");
    assert!(!required, "{reason}");
    bpfc_testkit::skipped(reason);
}

/// What differs between our diagnostic and what the kernel's log means: its code. A log that is not understood differs, too.
pub fn code_differs(ours: &Diagnostic, log: &str) -> Option<String> {
    let read = bpfc_kernel_log::read(log);
    let rejection = read.iter().rev().find(|log| log.is_rejection());
    let meaning = rejection.and_then(bpfc_kernel_log::explain);
    if meaning.as_ref().is_some_and(|meaning| bpfc_kernel_log::agree(ours.code, meaning.code)) {
        return None;
    }
    let theirs = meaning.as_ref().map(|meaning| (meaning.code.name(), meaning.message.as_str()));
    match theirs {
        // The kernel tells recursion by the depth that it leads to.
        Some(("E0711", _)) if ours.code.name() == "E0401" => None,
        _ => {
            let says = rejection.map(|log| log.messages.join("; "));
            Some(format!(
                "{} here ({}), the kernel's log means {theirs:?}: {says:?}",
                ours.code.name(),
                ours.message
            ))
        }
    }
}

/// What the kernel says of one program: its log if it refuses, and none if it accepts.
pub fn load(scratch: &Scratch, object: &Object, program: FuncId) -> Result<(), String> {
    let only = only(object, program);
    let path = scratch.0.join("program.o");
    std::fs::write(&path, write(&only).expect("a sound object")).unwrap();
    load_file(&path)
}

/// What verifying one program cost the kernel: instructions, states, states at a time.
pub fn effort(scratch: &Scratch, object: &Object, program: FuncId) -> Option<(u32, u32, u32)> {
    let only = only(object, program);
    let path = scratch.0.join("program.o");
    std::fs::write(&path, write(&only).expect("a sound object")).unwrap();
    let log = load_file_logged(&path).0;
    let words: Vec<&str> = log.split_whitespace().collect();
    let after = |word: &str| {
        let at = words.iter().rposition(|w| *w == word)?;
        words.get(at + 1)?.parse().ok()
    };
    Some((after("processed")?, after("total_states")?, after("peak_states")?))
}

/// What the kernel says of the only program of an ELF file.
pub fn load_file(path: &Path) -> Result<(), String> {
    match load_file_logged(path) {
        (_, true) => Ok(()),
        (log, false) => Err(log),
    }
}

/// What the kernel says of it in any case, and whether it accepts it.
fn load_file_logged(path: &Path) -> (String, bool) {
    let script =
        "mount -t bpf bpf /sys/fs/bpf && exec bpftool -d prog loadall \"$1\" /sys/fs/bpf/pins";
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script, "sh", path.to_str().unwrap()])
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    // Programs that are not to be loaded cannot be pinned either.
    let accepts = output.status.success() || log.contains("failed to pin all programs");
    (log, accepts)
}

/// The object with one program; the others are not to be loaded.
fn only(object: &Object, program: FuncId) -> Object {
    let mut only = object.clone();
    let needed: Vec<FuncId> = only
        .functions
        .iter()
        .flat_map(|function| &function.insns)
        .filter_map(|insn| match insn.reloc {
            Some(Reloc::Call(func) | Reloc::FuncAddr(func)) => Some(func),
            _ => None,
        })
        .collect();
    for (id, function) in only.functions.iter_mut().enumerate() {
        let id = <FuncId as bpfc_base::Idx>::new(id);
        if id != program && function.is_program() && !needed.contains(&id) {
            // libbpf does not load programs whose section starts with `?`.
            function.section.insert(0, '?');
        }
    }
    only
}
