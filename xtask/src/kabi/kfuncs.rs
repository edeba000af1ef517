//! The kernel functions that programs may call, from ebpf-docs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use super::enums::banner;
use super::helpers::prog_set;
use super::versions::Versions;
use super::{Result, read};

/// Flags of the kernel (`include/linux/btf.h`) and of the table.
const FLAGS: [(&str, &str); 10] = [
    ("KF_ACQUIRE", "ACQUIRE"),
    ("KF_RELEASE", "RELEASE"),
    ("KF_RET_NULL", "RET_NULL"),
    ("KF_TRUSTED_ARGS", "TRUSTED_ARGS"),
    ("KF_SLEEPABLE", "SLEEPABLE"),
    ("KF_DESTRUCTIVE", "DESTRUCTIVE"),
    ("KF_RCU", "RCU"),
    ("KF_ITER_NEW", "ITER_NEW"),
    ("KF_ITER_NEXT", "ITER_NEXT"),
    ("KF_ITER_DESTROY", "ITER_DESTROY"),
];

#[derive(Default)]
struct Row {
    flags: BTreeSet<usize>,
    progs: BTreeSet<String>,
}

/// `tables/kfunc.rs`.
pub fn table(docs: &Path, uapi: &str, versions: &Versions) -> Result<String> {
    let rows = rows(&read(&docs.join("kfuncs.yaml"))?);
    let mut out = banner("Kernel functions.");
    out += "use crate::kfunc::{Kfunc, KfuncFlags as F};\nuse crate::prog::ProgTypes;\n";
    out += "use crate::version::KernelVersion;\n\n";
    out += "const fn v(major: u16, minor: u16) -> Option<KernelVersion> {\n";
    out += "    Some(KernelVersion::new(major, minor))\n}\n\n";
    out += "const fn row(name: &'static str, since: Option<KernelVersion>, flags: F, progs: u64) -> Kfunc {\n";
    out += "    Kfunc { name, since, flags, progs: ProgTypes::from_bits(progs) }\n}\n\n";
    write!(out, "#[rustfmt::skip]\npub(crate) static KFUNCS: [Kfunc; {}] = [\n", rows.len())?;
    for (name, row) in &rows {
        let since = match versions.since(name) {
            Ok(text) => text.replace("KernelVersion::new", "v"),
            Err(_) => "None".to_owned(),
        };
        let mut flags = "F::NONE".to_owned();
        for flag in &row.flags {
            let flag = FLAGS[*flag].1;
            flags = if flags == "F::NONE" {
                format!("F::{flag}")
            } else {
                format!("{flags}.with(F::{flag})")
            };
        }
        let progs: Vec<&str> = row.progs.iter().map(String::as_str).collect();
        let progs = prog_set(&progs, uapi)?;
        let bits = progs.trim_start_matches("ProgTypes::from_bits(").trim_end_matches(')');
        writeln!(out, "    row(\"{name}\", {since}, {flags}, {bits}),")?;
    }
    out += "];\n";
    Ok(out)
}

/// Functions by name; one that is in several sets has the program types of all.
fn rows(text: &str) -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut set: Vec<String> = Vec::new();
    let mut is_funcs = false;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let entry = line.trim();
        match (indent, entry) {
            (2, _) => set.clear(),
            (4, "funcs:") => is_funcs = true,
            (4, _) => is_funcs = false,
            _ => {}
        }
        let name = entry.strip_prefix("- name: ").filter(|_| indent == 6);
        if let (Some(name), true) = (name, is_funcs) {
            set.push(name.to_owned());
            rows.entry(name.to_owned()).or_default();
        } else if let Some(prog) = name.filter(|name| name.starts_with("BPF_PROG_TYPE_")) {
            for name in &set {
                rows.entry(name.clone()).or_default().progs.insert(prog.to_owned());
            }
        } else if let (8, true, Some(flags), Some(name)) =
            (indent, is_funcs, entry.strip_prefix("flags:"), set.last())
        {
            for flag in flags.split(['[', ']', ',', ' ']) {
                if let Some(idx) = FLAGS.iter().position(|(kernel, _)| *kernel == flag) {
                    rows.entry(name.clone()).or_default().flags.insert(idx);
                }
            }
        }
    }
    rows
}
