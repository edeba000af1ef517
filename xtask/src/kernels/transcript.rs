//! `cargo xtask kernels transcript`: what kernels say of the programs in `docs/verifier-messages.md`.
//!
//! Every block ```` ```c file=NAME ```` of that page is compiled with clang and loaded, into the kernel of this machine and into the
//! newest kernel of Debian's backports, booted in qemu. The text block behind `<!-- kernel NAME: … -->` gets the end of the
//! verifier's log. It needs root, clang, the headers of linux-libc-dev and libbpf-dev, and what `compare` needs.

use super::{Result, debian, guest, machine, work_dir};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE: &str = "docs/verifier-messages.md";
/// Lines of a log that are shown, from its end.
const MAX_LINES: usize = 14;
/// Longer lines are cut.
const MAX_COLUMNS: usize = 150;

/// Renews the page.
pub fn run() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join(PAGE))?;
    let work = work_dir();
    let objects = work.join("transcript");
    if objects.exists() {
        fs::remove_dir_all(&objects)?;
    }
    fs::create_dir_all(&objects)?;
    for (name, text) in programs(&page) {
        compile(&objects, name, text)?;
    }
    let kernel = debian::download_newest(&work)?;
    let initrd = machine::initrd(&work, &objects, "guest-logs")?;
    let console = machine::boot(&kernel, &initrd, machine::MEMORY)?;
    fs::write(work.join(format!("console-{}", kernel.version)), &console)?;
    let newest = guest::logs_in(&console);
    if newest.is_empty() {
        return Err(format!("the machine said nothing:\n{console}").into());
    }
    let here = guest::logs(&objects)?;
    let running = bpfc_loader::Kernel::new().version().ok_or("no kernel")?;
    let logs = BTreeMap::from([
        (format!("{}.{}", running.major, running.minor), here),
        (format!("{}.{}", kernel.version.major, kernel.version.minor), newest),
    ]);
    fs::write(root.join(PAGE), renewed(&page, &logs)?)?;
    Ok(())
}

/// Names and texts of the programs.
fn programs(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("```c file=").skip(1).filter_map(|block| {
        let (name, rest) = block.split_once('\n')?;
        Some((name.trim(), rest.split("```").next()?))
    })
}

fn compile(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let source = folder.join(name);
    let object = source.with_extension("o");
    fs::write(&source, text)?;
    let status = Command::new("clang-19")
        .args(["--target=bpf", "-g", "-O2", "-I/usr/include/x86_64-linux-gnu", "-c", name, "-o"])
        .arg(object.file_name().ok_or("a name")?)
        .current_dir(folder)
        .status()
        .map_err(|error| format!("clang-19: {error}"))?;
    fs::remove_file(&source)?;
    match status.success() {
        true => Ok(object),
        false => Err(format!("clang does not compile {name}").into()),
    }
}

/// The page with new logs: `<!-- kernel NAME.c: VERSION -->` is followed by a block of text.
fn renewed(page: &str, logs: &BTreeMap<String, BTreeMap<String, String>>) -> Result<String> {
    let mut result = String::new();
    let mut rest = page;
    while let Some(at) = rest.find("<!-- kernel ") {
        let (before, marked) = rest.split_at(at);
        result.push_str(before);
        let (marker, behind) = marked.split_once("-->").ok_or("a marker that does not end")?;
        let words = marker.trim_start_matches("<!-- kernel ").trim();
        let (name, version) = words.split_once(": ").ok_or("a marker without a version")?;
        let log = logs.get(version).and_then(|logs| logs.get(name.trim_end_matches(".c")));
        let block = behind.strip_prefix("\n```text\n").ok_or("a marker without a block")?;
        let end = block.find("```\n").ok_or("a block that does not end")?;
        let old = &block[..end];
        let text = match log {
            Some(log) => tail(log),
            None => old.to_owned(),
        };
        result.push_str(&format!("{marker}-->\n```text\n{text}```\n"));
        rest = &block[end + "```\n".len()..];
    }
    result.push_str(rest);
    Ok(result)
}

/// What matters of a log: the report, where the kernel writes one, else the last lines.
fn tail(log: &str) -> String {
    let is_noise = |line: &&str| {
        let starts = ["mark_precise:", "verification time", "stack depth", "processed "];
        line.trim().is_empty() || starts.iter().any(|start| line.starts_with(start))
    };
    let report = log.find("Verification failed").map(|at| &log[at..]);
    let lines: Vec<&str> = match report {
        Some(report) => report.lines().filter(|line| !is_noise(line) || line.is_empty()).collect(),
        None => log.lines().filter(|line| !is_noise(line)).collect(),
    };
    let n_cut = if report.is_some() { 0 } else { lines.len().saturating_sub(MAX_LINES) };
    let mut text = String::new();
    if n_cut > 0 {
        text.push_str("…\n");
    }
    for line in &lines[n_cut..] {
        let line = without_addresses(&line.replace('\t', "    "));
        let short: String = line.chars().take(MAX_COLUMNS).collect();
        text.push_str(short.trim_end());
        text.push_str(if short.len() < line.len() { "…\n" } else { "\n" });
    }
    format!("{}\n", text.trim_end())
}

/// Addresses of the kernel, which differ from run to run, become `0xffff…`.
fn without_addresses(line: &str) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("0xffff") {
        let digits = &rest[at + 2..];
        let len = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
        let (before, behind) = (&rest[..at], &rest[at + 2 + len..]);
        // Masks end in zeros.
        let is_address = len == 16 && !digits[..len].ends_with("0000000");
        result.push_str(before);
        result.push_str(if is_address { "0xffff…" } else { &rest[at..at + 2 + len] });
        rest = behind;
    }
    result + rest
}
