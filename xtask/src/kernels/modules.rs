//! Kernel modules that programs attach to or are attached through, with those that they need.

use super::{Result, pipe};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules by name; what a kernel does not have as a module is built in, or unknown to it.
const WANTED: [&str; 17] = [
    "veth",
    "tun",
    "dummy",
    "netkit",
    "cls_bpf",
    "act_bpf",
    "sch_ingress",
    "sch_clsact",
    // What libcrc32c looks for when it starts, without naming it.
    "crc32c_generic",
    "nf_defrag_ipv4",
    "nf_defrag_ipv6",
    "nf_conntrack",
    "ip_tunnel",
    "tls",
    "tcp_dctcp",
    "loop",
    "ext4",
];

/// Writes the modules to `to`, unpacked; their names in an order in which they can be loaded.
pub fn unpack(folder: &Path, to: &Path) -> Result<Vec<String>> {
    let mut files = BTreeMap::new();
    find(folder, &mut files)?;
    let mut order = Vec::new();
    for name in WANTED {
        take(name, &files, to, &mut order)?;
    }
    Ok(order)
}

fn take(
    name: &str,
    files: &BTreeMap<String, PathBuf>,
    to: &Path,
    order: &mut Vec<String>,
) -> Result<()> {
    let Some(path) = files.get(name) else { return Ok(()) };
    if order.iter().any(|other| other == name) {
        return Ok(());
    }
    let packed = fs::read(path)?;
    let bytes = match path.extension().and_then(|ext| ext.to_str()) {
        Some("xz") => pipe("xz", &["-dc"], &packed)?,
        Some("zst") => pipe("zstd", &["-dcq"], &packed)?,
        _ => packed,
    };
    for needed in needs(&bytes) {
        take(&needed, files, to, order)?;
    }
    fs::write(to.join(format!("{name}.ko")), bytes)?;
    order.push(name.to_owned());
    Ok(())
}

/// `depends=a,b` in the section `.modinfo`, whose strings end with zeros.
fn needs(module: &[u8]) -> Vec<String> {
    let mark = b"\0depends=";
    let Some(at) = module.windows(mark.len()).position(|window| window == mark) else {
        return Vec::new();
    };
    let rest = &module[at + mark.len()..];
    let end = rest.iter().position(|&byte| byte == 0).unwrap_or(0);
    let names = String::from_utf8_lossy(&rest[..end]).replace('-', "_");
    names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// All modules below `folder`, by name.
fn find(folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            find(&path, files)?;
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some((stem, _)) = name.split_once(".ko") {
            files.insert(stem.replace('-', "_"), path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::needs;

    #[test]
    fn needs_are_read() {
        assert_eq!(needs(b"x\0depends=nf-defrag,libcrc32c\0name=y\0"), ["nf_defrag", "libcrc32c"]);
        assert!(needs(b"x\0depends=\0").is_empty());
        assert!(needs(b"").is_empty());
    }
}
