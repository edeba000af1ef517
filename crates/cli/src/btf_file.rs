//! `--btf FILE`: BTF as `/sys/kernel/btf` shows it, or in the section `.BTF` of an ELF file.

use crate::files;
use bpfc::Btf;
use bpfc_base::{Diagnostic, codes};
use bpfc_object::find_btf_section;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Opens the types of a kernel, and on top of them those of a module if there is a second file.
///
/// # Errors
/// A diagnostic that says what a file is if it is no BTF.
pub fn open(paths: &[PathBuf]) -> Result<Option<Arc<Btf>>, Diagnostic> {
    let [base, modules @ ..] = paths else {
        return Ok(None);
    };
    let base = read(base, None)?;
    match modules {
        [] => Ok(Some(base)),
        [module] => read(module, Some(base)).map(Some),
        [_, second, ..] => {
            let message = format!("`{}` is a third BTF file", second.display());
            let help = "give the kernel's, then at most one module's";
            Err(Diagnostic::without_span(codes::btf::E0604, message).with_help(help))
        }
    }
}

fn read(path: &Path, base: Option<Arc<Btf>>) -> Result<Arc<Btf>, Diagnostic> {
    let bytes = files::read(path)?;
    let unusable = |why: &str| {
        let message = format!("`{}` is not usable BTF: {why}", path.display());
        Diagnostic::without_span(codes::btf::E0604, message)
    };
    let bytes = if bytes.starts_with(b"\x7fELF") {
        let section = find_btf_section(&bytes);
        section.ok_or_else(|| unusable("this ELF file has no section `.BTF`"))?.to_vec()
    } else {
        bytes
    };
    if let Some((why, help)) = what_else(&bytes) {
        return Err(unusable(why).with_help(help));
    }
    let is_split = base.is_some();
    let opened = match base {
        Some(base) => Btf::parse_split(bytes, base),
        None => Btf::parse(bytes),
    };
    opened.map(Arc::new).map_err(|error| {
        let diagnostic = unusable(&error.to_string());
        if is_split {
            return diagnostic
                .with_help("a module's BTF fits only the kernel that it was built with");
        }
        diagnostic
    })
}

/// Files that are taken for BTF, and how to make BTF of them.
fn what_else(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    if bytes.starts_with(b"\xfd7zXZ\0") {
        let help = "unpack it: `tar -xJf` for a `.btf.tar.xz` of BTFHub, `unxz` otherwise";
        return Some(("it is compressed with xz", help));
    }
    if bytes.starts_with(b"\x1f\x8b") {
        return Some(("it is compressed with gzip", "unpack it with `gunzip`"));
    }
    if bytes.starts_with(b"\x28\xb5\x2f\xfd") {
        return Some(("it is compressed with zstd", "unpack it with `unzstd`"));
    }
    if bytes.get(0x202..0x206) == Some(b"HdrS") {
        let help = "take the kernel's `vmlinux`, or `/sys/kernel/btf/vmlinux` where it runs";
        return Some(("it is a compressed kernel image", help));
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(("it is a tar archive", "unpack it with `tar -xf`"));
    }
    if bytes.starts_with(b"[1] ") {
        let help = "bpfc takes the binary that bpftool read, not its text";
        return Some(("it is the text of `bpftool btf dump`", help));
    }
    if bytes.starts_with(b"#ifndef __VMLINUX_H__") {
        let help = "include it, with its folder in `-I`; then `--btf` is not needed";
        return Some(("it is C text", help));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::what_else;

    #[test]
    fn knows_what_is_mistaken_for_btf() {
        assert!(what_else(b"\xfd7zXZ\0....").unwrap().0.contains("xz"));
        assert!(what_else(b"#ifndef __VMLINUX_H__\n").unwrap().1.contains("-I"));
        assert!(what_else(b"[1] INT 'int'").unwrap().0.contains("bpftool"));
        assert_eq!(what_else(b"\x9f\xeb\x01\0"), None);
        assert_eq!(what_else(b""), None);
    }
}
