//! `cargo xtask tools [VERSION…]`: runs the tools of Debian's bpfcc-tools as they are on bpfc's Python package, on several kernels
//! in virtual machines, and writes `docs/bcc-parity.md`. What was found is kept under `target/kernels`, so that kernels can be asked one by
//! one, and a run that was broken off goes on where it was.
//!
//! It needs what `cargo xtask vm` needs, and the packages bpfcc-tools and python3.

use super::vm::{self, VERSIONS};
use super::{Result, machine, work_dir};
use bpfc_kabi::KernelVersion;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{error, fs};

const PAGE: &str = "docs/bcc-parity.md";
const HEAD: &str = include_str!("tools.md");
/// Tools that one machine runs: it is given a quarter of an hour.
const PER_BOOT: usize = 25;
/// Seconds for which a tool runs in a machine that is emulated.
const SECONDS: u32 = 18;
/// What of Python's library no tool needs.
const NEEDLESS: [&str; 7] =
    ["test", "idlelib", "ensurepip", "lib2to3", "tkinter", "pydoc_data", "turtledemo"];

/// What came of the tools on a kernel, by name.
type Column = BTreeMap<String, Json>;

/// Runs, and writes the page of all that is known.
pub fn run(args: &[String]) -> Result<()> {
    let tools = tools()?;
    for version in VERSIONS.into_iter().filter(|version| args.contains(&version.to_string())) {
        let root = python_root(&work_dir())?;
        // What a run that was broken off has found is not asked again.
        let mut found = fs::read_to_string(cache(version)).unwrap_or_default();
        let known = read(&found);
        let left: Vec<String> =
            tools.iter().filter(|tool| !known.contains_key(*tool)).cloned().collect();
        let asked = if left.is_empty() { &tools } else { &left };
        if left.is_empty() {
            found.clear();
        }
        for group in asked.chunks(PER_BOOT) {
            for line in run_group(version, &root, group)? {
                found += &format!("{line}\n");
            }
            fs::write(cache(version), &found)?;
        }
    }
    let mut columns = BTreeMap::new();
    for version in VERSIONS {
        if let Ok(text) = fs::read_to_string(cache(version)) {
            columns.insert(version, read(&text));
        }
    }
    for (version, column) in &columns {
        let n = column.values().filter(|outcome| is_seen(outcome)).count();
        println!("Linux {version}: {n} of {} tools run and print", column.len());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(PAGE);
    fs::write(path, page(&tools, &columns)?)?;
    Ok(())
}

fn cache(version: KernelVersion) -> PathBuf {
    work_dir().join(format!("tools-{version}.json"))
}

/// The names of the tools.
fn tools() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir("/usr/sbin")? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name.and_then(|name| Some(name.strip_suffix("-bpfcc")?.to_owned())) else {
            continue;
        };
        // Others are shell scripts that call these.
        let head = fs::read(&path)?;
        if String::from_utf8_lossy(&head[..head.len().min(64)]).contains("python") {
            names.push(name);
        }
    }
    names.sort();
    match names.is_empty() {
        true => Err("there are no tools: install bpfcc-tools".into()),
        false => Ok(names),
    }
}

fn run_group(version: KernelVersion, root: &Path, tools: &[String]) -> Result<Vec<String>> {
    let runner = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/bcc-tools/run.py");
    let command = format!(
        "mount -t debugfs none /sys/kernel/debug\n\
         cp -r python/* /\n\
         export PATH=/usr/bin:/usr/sbin:/bin PYTHONHOME=/usr PYTHONPATH=/usr/lib/python3/dist-packages TERM=xterm\n\
         python3 run.py --seconds {SECONDS} {}",
        tools.join(" ")
    );
    let done = vm::execute_alone(version, &command, &[root.to_owned(), runner])?;
    let lines = done.output.lines().filter(|line| line.starts_with('{'));
    Ok(lines.map(str::to_owned).collect())
}

/// A folder with Python, its library, the package and the tools, as they are in a machine.
fn python_root(work: &Path) -> Result<PathBuf> {
    let root = work.join("python");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    let package = root.join("usr/lib/python3/dist-packages");
    let library = root.join("usr/lib/python3.11");
    for folder in [&root.join("usr/bin"), &root.join("usr/sbin"), &root.join("usr/share"), &package]
    {
        fs::create_dir_all(folder)?;
    }
    let interpreter = fs::canonicalize("/usr/bin/python3")?;
    fs::copy(&interpreter, root.join("usr/bin/python3"))?;
    machine::copy_libraries(&interpreter, &root)?;
    copy("/usr/lib/python3.11", &library)?;
    for folder in NEEDLESS {
        let _ = fs::remove_dir_all(library.join(folder));
    }
    for extension in fs::read_dir(library.join("lib-dynload"))? {
        machine::copy_libraries(&extension?.path(), &root)?;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "-p", "bpfc-python"])
        .current_dir(&source)
        .status()?;
    if !status.success() {
        return Err("the package cannot be built".into());
    }
    copy(source.join("crates/python/bpfc"), &package.join("bpfc"))?;
    let native = package.join("bpfc/_native.abi3.so");
    Command::new("strip")
        .arg("-o")
        .arg(&native)
        .arg(source.join("target/release/libbpfc_python.so"))
        .status()?;
    machine::copy_libraries(&native, &root)?;
    for name in tools()? {
        let name = format!("{name}-bpfcc");
        fs::copy(Path::new("/usr/sbin").join(&name), root.join("usr/sbin").join(&name))?;
    }
    copy("/usr/share/bpfcc-tools", &root.join("usr/share/bpfcc-tools"))?;
    copy("/lib/terminfo", &root.join("lib/terminfo"))?;
    // What tools watch.
    let shell = root.join("bin/bash");
    fs::create_dir_all(root.join("bin"))?;
    fs::copy("/bin/bash", shell)?;
    machine::copy_libraries(Path::new("/bin/bash"), &root)?;
    Ok(root)
}

fn copy(from: impl AsRef<Path>, to: &Path) -> Result<()> {
    let from = from.as_ref();
    if !from.exists() {
        return Ok(());
    }
    fs::create_dir_all(to.parent().ok_or("a folder in the root")?)?;
    let status = Command::new("cp").arg("-rL").arg(from).arg(to).status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("`{}` cannot be copied", from.display()).into()),
    }
}

fn read(text: &str) -> Column {
    let line = |line: &str| -> std::result::Result<(String, Json), Box<dyn error::Error>> {
        let outcome: Json = serde_json::from_str(line)?;
        Ok((outcome["tool"].as_str().ok_or("no name")?.to_owned(), outcome))
    };
    text.lines().filter_map(|text| line(text).ok()).collect()
}

/// Whether a tool ran and printed something of the kernel's.
fn is_seen(outcome: &Json) -> bool {
    outcome["ran"] == true && outcome["lines"].as_u64() > Some(0)
}

fn page(tools: &[String], columns: &BTreeMap<KernelVersion, Column>) -> Result<String> {
    let mut text = String::from(HEAD);
    text.push_str("\n| tool |");
    columns.keys().try_for_each(|version| write!(text, " {version} |"))?;
    text.push_str("\n| --- |");
    columns.keys().for_each(|_| text.push_str(" --- |"));
    text.push('\n');
    let mut reasons: Vec<String> = Vec::new();
    for name in tools {
        write!(text, "| {name} |")?;
        for column in columns.values() {
            let cell = match column.get(name) {
                None => "?".to_owned(),
                Some(outcome) if is_seen(outcome) => "yes".to_owned(),
                Some(outcome) if outcome["ran"] == true => "runs, silent".to_owned(),
                Some(outcome) => {
                    let reason = reason(outcome["said"].as_str().unwrap_or_default());
                    let at =
                        reasons.iter().position(|other| *other == reason).unwrap_or_else(|| {
                            reasons.push(reason);
                            reasons.len() - 1
                        });
                    format!("no ({})", at + 1)
                }
            };
            write!(text, " {cell} |")?;
        }
        text.push('\n');
    }
    if !reasons.is_empty() {
        text.push_str("\n## Reasons\n\n");
    }
    for (number, reason) in (1..).zip(&reasons) {
        writeln!(text, "{number}. {reason}")?;
    }
    Ok(text)
}

/// What a tool said, without where it said it.
fn reason(said: &str) -> String {
    let said = said.strip_prefix("bpfc.errors.").unwrap_or(said);
    let said = said.split_once("error[").map_or(said, |(_, rest)| rest);
    let said = said.split_once("]: ").map_or(said, |(_, rest)| rest);
    said.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_numbered_reasons() {
        let text = "{\"tool\":\"a\",\"ran\":true,\"lines\":3,\"said\":\"\"}\n{\"tool\":\"b\",\"ran\":false,\"lines\":0,\
                    \"said\":\"bpfc.errors.AttachError: error[E0906]: there is no kernel function `x|y`\"}\nnonsense\n\
                    {\"tool\":\"c\",\"ran\":true,\"lines\":0,\"said\":\"\"}";
        let columns = BTreeMap::from([(KernelVersion::new(6, 1), read(text))]);
        let tools: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        let page = page(&tools, &columns).unwrap();
        for line in ["| a | yes |", "| b | no (1) |", "| c | runs, silent |", "| d | ? |"] {
            assert!(page.contains(line), "{page}");
        }
        assert!(page.ends_with("1. there is no kernel function `x\\|y`\n"));
    }
}
