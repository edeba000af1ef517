//! Linux' own tests of its verifier, compiled by clang. Nothing of them is in the repository: they
//! come from an unpacked Linux, or from Debian's package of its source.

use super::Result;
use super::objects::{Source, compile};
use crate::bench;
use crate::kernels::debian;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian's package.
const PACKAGE: &str = "linux-source-6.12";

/// What of Linux is needed.
const PARTS: [&str; 5] = [
    "tools/testing/selftests/bpf",
    "tools/lib/bpf",
    "tools/include",
    "include/uapi",
    "scripts/bpf_doc.py",
];

/// The programs: those that test the verifier alone, or the others.
pub fn collect(linux: Option<&str>, folder: &Path, are_verifiers: bool) -> Result<Vec<Source>> {
    let linux = match linux {
        Some(path) => PathBuf::from(path),
        None => unpack(folder)?,
    };
    bench::dump_vmlinux(folder)?;
    headers(&linux, folder)?;
    let progs = linux.join("tools/testing/selftests/bpf/progs");
    let mut files: Vec<PathBuf> = fs::read_dir(&progs)
        .map_err(|error| format!("{}: {error}", progs.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_program(path) && is_verifiers(path) == are_verifiers)
        .collect();
    files.sort();
    let objects = folder.join("selftests");
    fs::create_dir_all(&objects)?;
    let mut found = Vec::new();
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let object = objects.join(&name).with_extension("o");
        // They never change, and all of them take a minute.
        let built = match object.exists() {
            true => Ok(()),
            false => compile(&command(&linux, folder, &path, &object)),
        };
        match built.and_then(|()| Source::read(&name, &object)) {
            Ok(source) => found.push(source),
            Err(reason) => println!("left out: {name}: {reason}"),
        }
    }
    Ok(found)
}

fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "c")
}

fn is_verifiers(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("verifier_")
}

fn command(linux: &Path, folder: &Path, source: &Path, object: &Path) -> Vec<String> {
    let selftests = linux.join("tools/testing/selftests/bpf");
    let mut command = vec!["clang-19".to_owned()];
    let options = "-g -O2 -target bpf -mcpu=v4 -D__TARGET_ARCH_x86 -mlittle-endian -w \
                   -DENABLE_ATOMICS_TESTS -fno-strict-aliasing -std=gnu11";
    command.extend(options.split_whitespace().map(str::to_owned));
    let includes = [
        folder.to_owned(),
        folder.join("headers"),
        selftests.join("progs"),
        selftests.clone(),
        linux.join("tools/include/uapi"),
        PathBuf::from("/usr/include/x86_64-linux-gnu"),
    ];
    command.extend(includes.iter().flat_map(|path| ["-I".to_owned(), path.display().to_string()]));
    let paths =
        ["-c".into(), source.display().to_string(), "-o".into(), object.display().to_string()];
    command.extend(paths);
    command
}

/// `<bpf/…>`, of which one is generated.
fn headers(linux: &Path, folder: &Path) -> Result<()> {
    let headers = folder.join("headers/bpf");
    if headers.join("bpf_helper_defs.h").exists() {
        return Ok(());
    }
    fs::create_dir_all(&headers)?;
    for entry in fs::read_dir(linux.join("tools/lib/bpf"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ext| ext == "h")
            && let Some(name) = path.file_name()
        {
            fs::copy(&path, headers.join(name))?;
        }
    }
    let output = Command::new("python3")
        .arg(linux.join("scripts/bpf_doc.py"))
        .arg("--header")
        .arg("--filename")
        .arg(linux.join("include/uapi/linux/bpf.h"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(fs::write(headers.join("bpf_helper_defs.h"), output.stdout)?)
}

/// The parts of Linux, from Debian.
fn unpack(folder: &Path) -> Result<PathBuf> {
    let linux = folder.join(PACKAGE);
    if linux.join(PARTS[4]).exists() {
        return Ok(linux);
    }
    println!("downloading {PACKAGE}");
    let deb = debian::download_package(&folder.join("debian"), PACKAGE)?;
    let wanted: Vec<String> = PARTS.iter().map(|part| format!("'{PACKAGE}/{part}*'")).collect();
    let script = format!(
        "dpkg-deb --fsys-tarfile \"$1\" | tar -xO ./usr/src/{PACKAGE}.tar.xz \
         | tar -xJ -C \"$2\" --wildcards {}",
        wanted.join(" ")
    );
    let status = Command::new("sh").args(["-c", &script, "sh"]).arg(&deb).arg(folder).status()?;
    fs::remove_file(deb)?;
    match status.success() {
        true => Ok(linux),
        false => Err(format!("{PACKAGE} cannot be unpacked").into()),
    }
}
