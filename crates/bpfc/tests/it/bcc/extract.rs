//! Runs the tools, and reads what they would have compiled.

use super::list::Entry;
use bpfc::Btf;
use bpfc_btf::Type;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian installs the tools, and what their names end with.
const FOLDER: &str = "/usr/sbin";
const SUFFIX: &str = "-bpfcc";

/// Members of members without a name are looked for this deep.
const MAX_NESTING: u32 = 8;

/// A text that a tool compiles, and what it does with it.
#[derive(Debug, Default)]
pub struct Program {
    /// The unit test that has it.
    pub name: String,
    pub text: String,
    /// `-D` options.
    pub defines: Vec<String>,
    /// Functions that handle markers.
    pub usdt: Vec<String>,
    /// How which function is attached.
    pub attached: Vec<(String, String)>,
}

/// The installed tools that are written in Python.
pub fn installed() -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(FOLDER) else {
        return Vec::new();
    };
    let names = folder.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let tool = name.strip_suffix(SUFFIX)?.to_owned();
        let text = std::fs::read(entry.path()).ok()?;
        let first = text.split(|&byte| byte == b'\n').next()?;
        String::from_utf8_lossy(first).contains("python").then_some(tool)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Runs a tool and reads its programs, the last of which is the one it uses.
pub fn run(entry: &Entry, facts: &Path, folder: &Path) -> Result<Vec<Program>, String> {
    let path = PathBuf::from(format!("{FOLDER}/{}{SUFFIX}", entry.tool));
    let out = folder.join(format!("{}.json", entry.line));
    run_script(&path, entry, facts, &out)
}

/// Runs the script at `path` as `entry` says.
pub fn run_script(
    path: &Path,
    entry: &Entry,
    facts: &Path,
    out: &Path,
) -> Result<Vec<Program>, String> {
    let root = bpfc_testkit::workspace_root().expect("tests run in the workspace");
    let _ = std::fs::remove_file(out);
    let mut python = Command::new("/usr/bin/python3");
    python.arg("-B").arg(root.join("tests/corpus/bcc/extract.py")).arg(out).arg(facts);
    python.arg(entry.words.join(" ")).arg(path);
    python.args(&entry.args).stdin(Stdio::null());
    let output = python.output().map_err(|error| error.to_string())?;
    let Ok(text) = std::fs::read_to_string(out) else {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = said.lines().rev().find(|line| !line.starts_with([' ', 'S'])).unwrap_or("");
        return Err(last.to_owned());
    };
    let programs: Option<Vec<Program>> = text.lines().map(program).collect();
    programs.filter(|it| !it.is_empty()).ok_or_else(|| "its record cannot be read".into())
}

fn program(line: &str) -> Option<Program> {
    let record: Value = serde_json::from_str(line).ok()?;
    let strings = |value: &Value| -> Vec<String> {
        let strings = value.as_array().into_iter().flatten();
        strings.filter_map(|it| it.as_str().map(str::to_owned)).collect()
    };
    let flags = strings(&record["cflags"]);
    let pair = |value: &Value| strings(value).try_into().ok().map(|[a, b]: [String; 2]| (a, b));
    let pairs = |value: &Value| -> Vec<(String, String)> {
        value.as_array().into_iter().flatten().filter_map(pair).collect()
    };
    Some(Program {
        name: record["name"].as_str().unwrap_or_default().to_owned(),
        text: record["text"].as_str()?.to_owned(),
        defines: flags.iter().filter_map(|it| it.strip_prefix("-D").map(str::to_owned)).collect(),
        usdt: pairs(&record["usdt"]).into_iter().map(|(_, function)| function).collect(),
        attached: pairs(&record["attached"]),
    })
}

/// Writes what the running kernel has, as `extract.py` wants it; `None` without BTF.
pub fn kernel_facts(folder: &Path) -> Option<PathBuf> {
    let bytes = std::fs::read("/sys/kernel/btf/vmlinux").ok()?;
    let btf = Btf::parse(bytes).ok()?;
    let mut text = String::new();
    for id in btf.ids() {
        match btf.ty(id) {
            Ok(Type::Func { name, .. }) => {
                let _ = writeln!(text, "function {name}");
            }
            Ok(Type::Typedef { name, .. }) => {
                if let Some(event) = name.strip_prefix("btf_trace_") {
                    let _ = writeln!(text, "event {event}");
                }
            }
            Ok(ty) => {
                let Some(composite) = ty.composite().filter(|it| !it.name().is_empty()) else {
                    continue;
                };
                let mut members = BTreeSet::new();
                collect_members(&btf, ty, 0, &mut members);
                for member in members {
                    let _ = writeln!(text, "field {}.{member}", composite.name());
                }
            }
            Err(_) => {}
        }
    }
    let path = folder.join("kernel.txt");
    std::fs::write(&path, text).ok()?;
    Some(path)
}

fn collect_members<'b>(btf: &'b Btf, ty: Type<'b>, depth: u32, out: &mut BTreeSet<&'b str>) {
    let Some(composite) = ty.composite().filter(|_| depth < MAX_NESTING) else {
        return;
    };
    for member in composite.members() {
        if !member.name.is_empty() {
            out.insert(member.name);
        } else if let Ok((_, inner)) = btf.resolved(member.ty) {
            collect_members(btf, inner, depth + 1, out);
        }
    }
}
