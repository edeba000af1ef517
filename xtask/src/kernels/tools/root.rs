//! The folder that becomes the root of a machine: Python, what answers `import bcc`, the tools, and what they watch.

use super::super::{Result, debian, machine};
use super::{Module, tools};
use bpfc_kabi::KernelVersion;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What of Python's library no tool needs.
const NEEDLESS: [&str; 7] =
    ["test", "idlelib", "ensurepip", "lib2to3", "tkinter", "pydoc_data", "turtledemo"];
/// Programs whose doings are watched, or that make disks.
const PROGRAMS: [&str; 2] = ["/bin/bash", "/usr/sbin/mkfs.ext4"];
const PACKAGES: &str = "usr/lib/python3/dist-packages";

/// Makes the folder.
pub fn python(work: &Path, module: Module, version: KernelVersion) -> Result<PathBuf> {
    let root = work.join("python");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    let library = root.join("usr/lib/python3.11");
    for folder in ["usr/bin", "usr/sbin", "usr/share", "bin", PACKAGES] {
        fs::create_dir_all(root.join(folder))?;
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
    match module {
        Module::Bpfc => bpfc(&root)?,
        Module::Bcc => bcc(&root, work, version)?,
    }
    for name in tools()? {
        let name = format!("{name}-bpfcc");
        fs::copy(Path::new("/usr/sbin").join(&name), root.join("usr/sbin").join(&name))?;
    }
    copy("/usr/share/bpfcc-tools", &root.join("usr/share/bpfcc-tools"))?;
    copy("/lib/terminfo", &root.join("lib/terminfo"))?;
    for program in PROGRAMS.map(Path::new) {
        fs::copy(program, root.join(program.strip_prefix("/")?))
            .map_err(|error| format!("{}: {error}", program.display()))?;
        machine::copy_libraries(program, &root)?;
    }
    Ok(root)
}

/// Our package.
fn bpfc(root: &Path) -> Result<()> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "-p", "bpfc-python"])
        .current_dir(&source)
        .status()?;
    if !status.success() {
        return Err("the package cannot be built".into());
    }
    let package = root.join(PACKAGES).join("bpfc");
    copy(source.join("crates/python/bpfc"), &package)?;
    let native = package.join("_native.abi3.so");
    Command::new("strip")
        .arg("-o")
        .arg(&native)
        .arg(source.join("target/release/libbpfc_python.so"))
        .status()?;
    machine::copy_libraries(&native, root)
}

/// BCC's package, its libraries, and the headers that its compiler reads.
fn bcc(root: &Path, work: &Path, version: KernelVersion) -> Result<()> {
    copy("/usr/lib/python3/dist-packages/bcc", &root.join(PACKAGES).join("bcc"))?;
    let library = Path::new("/usr/lib/x86_64-linux-gnu/libbcc.so.0");
    let to = root.join("usr/lib/x86_64-linux-gnu");
    fs::create_dir_all(&to)?;
    fs::copy(library, to.join("libbcc.so.0"))
        .map_err(|error| format!("{} (package python3-bpfcc): {error}", library.display()))?;
    machine::copy_libraries(library, root)?;
    // What the package opens by name.
    fs::copy("/lib/x86_64-linux-gnu/librt.so.1", to.join("librt.so.1"))?;
    let release = debian::download_one(work, version)?.release;
    let end = if release.contains("-cloud-") { "-cloud-amd64" } else { "-amd64" };
    let common = format!("{}-common", release.trim_end_matches(end));
    for part in [&release, &common] {
        let package = debian::unpack_package(work, &format!("linux-headers-{part}"))?;
        // As they are: some lead to what is not there.
        let from = package.join("usr/src");
        let status = Command::new("cp").arg("-r").arg(from).arg(root.join("usr")).status()?;
        if !status.success() {
            return Err("the headers cannot be copied".into());
        }
    }
    let modules = root.join("lib/modules").join(&release);
    fs::create_dir_all(&modules)?;
    symlink(format!("/usr/src/linux-headers-{release}"), modules.join("build"))?;
    symlink(format!("/usr/src/linux-headers-{common}"), modules.join("source"))?;
    Ok(())
}

/// Copies a folder to `to`, or into it if it is there; none is nothing to copy.
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
