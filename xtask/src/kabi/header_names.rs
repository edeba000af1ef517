//! The names of the kernel's headers, so that an `#include` of one is known to be no mistake.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::Result;
use super::enums::banner;

/// Folders of the kernel and the path under which `#include` finds them.
const FOLDERS: [(&str, &str); 11] = [
    ("include/linux", "linux"),
    ("include/linux/sched", "linux/sched"),
    ("include/uapi/linux", "linux"),
    ("include/net", "net"),
    ("include/rdma", "rdma"),
    ("include/scsi", "scsi"),
    ("include/vdso", "vdso"),
    ("include/asm-generic", "asm-generic"),
    ("include/uapi/asm-generic", "asm-generic"),
    ("arch/x86/include/asm", "asm"),
    ("arch/x86/include/uapi/asm", "asm"),
];

/// Names that were there in older kernels, or are in folders of their own.
const EXTRA: [&str; 10] = [
    "asm/byteorder",
    "asm/errno",
    "linux/bpf_perf_event",
    "linux/genhd",
    "linux/slab_def",
    "linux/slub_def",
    "linux/utsrelease",
    "net/af_rxrpc",
    "generated/utsrelease",
    "trace/events/sched",
];

/// `tables/header.rs`.
pub fn table(linux: &Path) -> Result<String> {
    let mut names: BTreeSet<String> = EXTRA.iter().map(|name| (*name).to_owned()).collect();
    for (folder, prefix) in FOLDERS {
        for entry in fs::read_dir(linux.join(folder))? {
            let path = entry?.path();
            if let (Some(stem), Some("h")) = (
                path.file_stem().and_then(|s| s.to_str()),
                path.extension().and_then(|s| s.to_str()),
            ) {
                names.insert(format!("{prefix}/{stem}"));
            }
        }
    }
    let mut out = banner("The names of kernel headers.");
    out += "/// Paths without `.h`, ascending, each on a line: a table of them would be relocated at every start.\n";
    out += "#[rustfmt::skip]\npub(crate) static KERNEL_HEADERS: &str = \"\\\n";
    for name in &names {
        writeln!(out, "{name}")?;
    }
    out += "\";\n";
    Ok(out)
}
