//! A virtual machine that boots a kernel, runs the programs of a folder, and ends.

use super::{Downloaded, Result, pipe};
use bpfc_kabi::KernelVersion;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The first process: mounts what BPF needs, runs the guest, turns the machine off.
const INIT: &str = "\
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox mount -t tracefs none /sys/kernel/tracing
/bin/busybox mount -t bpf none /sys/fs/bpf
/bin/busybox mount -t tmpfs none /tmp
/bin/xtask kernels TASK /objects
/bin/busybox poweroff -f
";

/// The emulated machine; hardware virtualisation is not everywhere.
const QEMU: [&str; 11] = [
    "-accel",
    "tcg,thread=multi",
    "-cpu",
    "Haswell-v4",
    "-nographic",
    "-no-reboot",
    "-nic",
    "none",
    "-append",
    "console=ttyS0 quiet panic=-1",
    "-kernel",
];

/// The initial file system with the objects of `objects`, beside which it is written, and what runs there.
pub fn initrd(work: &Path, objects: &Path, task: &str) -> Result<std::path::PathBuf> {
    let root = work.join("initrd");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    for folder in ["bin", "proc", "sys", "tmp", "objects", "dev"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::copy("/bin/busybox", root.join("bin/busybox"))
        .map_err(|error| format!("/bin/busybox (package busybox-static): {error}"))?;
    let this = std::env::current_exe()?;
    let program = root.join("bin/xtask");
    let strip = Command::new("strip").arg("-o").args([&program, &this]).status()?;
    if !strip.success() {
        return Err("strip failed".into());
    }
    copy_libraries(&this, &root)?;
    for entry in fs::read_dir(objects)? {
        let path = entry?.path();
        fs::copy(&path, root.join("objects").join(path.file_name().ok_or("no name")?))?;
    }
    let init = root.join("init");
    fs::write(&init, INIT.replace("TASK", task))?;
    Command::new("chmod").arg("+x").arg(&init).status()?;
    let pack = format!("cd {} && find . | cpio -o -H newc --quiet | gzip -1", root.display());
    let packed = pipe("sh", &["-c", &pack], b"")?;
    let path = work.join("initrd.gz");
    fs::write(&path, packed)?;
    Ok(path)
}

/// Copies the libraries that a program needs to where it looks for them; a static one needs none.
pub fn copy_libraries(program: &Path, root: &Path) -> Result<()> {
    let libraries = Command::new("ldd").arg(program).output()?;
    for word in String::from_utf8_lossy(&libraries.stdout).split_whitespace() {
        // A static program is named itself, with a colon or not at all.
        if word.starts_with('/') && !word.ends_with(':') {
            let to = root.join(word.trim_start_matches('/'));
            fs::create_dir_all(to.parent().ok_or("a library in the root")?)?;
            fs::copy(word, to)?;
        }
    }
    Ok(())
}

/// The memory of most machines, in MiB.
pub const MEMORY: u32 = 1024;

/// Linux 7.3 dies of its own breakpoints when it patches its code on several emulated CPUs.
fn n_cpus(version: KernelVersion) -> &'static str {
    if version < KernelVersion::new(7, 3) { "2" } else { "1" }
}

/// Boots with `memory` MiB; what the machine printed.
pub fn boot(kernel: &Downloaded, initrd: &Path, memory: u32) -> Result<String> {
    let output = Command::new("timeout")
        .args(["900", "qemu-system-x86_64"])
        .args(QEMU)
        .arg(&kernel.vmlinuz)
        .args(["-m", &memory.to_string(), "-smp", n_cpus(kernel.version)])
        .arg("-initrd")
        .arg(initrd)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| format!("qemu-system-x86_64: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
