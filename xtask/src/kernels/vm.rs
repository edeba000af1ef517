//! `cargo xtask vm --kernel VERSION[,VERSION…] [--with PATH]… -- COMMAND`: a command on another kernel, in a virtual machine without
//! anything else: busybox, `bpfc` and `bpfc-hooks` linked statically, `examples/`, and what `--with` names.
//!
//! It needs no root: apt, dpkg, qemu-system-x86, busybox-static, cpio, gzip and xz. Packages are kept under `target/kernels`.

use super::{Downloaded, Result, debian, machine, modules, pipe, work_dir};
use bpfc_kabi::KernelVersion;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[cfg(test)]
mod tests;

const USAGE: &str =
    "usage: cargo xtask vm --kernel 5.10|6.1|6.12|7.3|all [--with PATH]… -- COMMAND";

/// Kernels that can be booted.
pub const VERSIONS: [KernelVersion; 4] = [
    KernelVersion::new(5, 10),
    KernelVersion::new(6, 1),
    KernelVersion::new(6, 12),
    KernelVersion::new(7, 3),
];

/// In front of what the command prints, and of how it ended.
const BEGIN: &str = "@begin";
const STATUS: &str = "@status ";

/// The first process.
const INIT: &str = "\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/ TERM=dumb
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tracefs none /sys/kernel/tracing
mount -t bpf none /sys/fs/bpf
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /tmp
ip link set lo up
while read module; do insmod /modules/$module.ko; done < /modules/order
cd /work
echo @begin
sh /command
echo @status $?
poweroff -f
";

/// Runs the command, on one kernel after the other; an error if it fails on one.
pub fn run(args: &[String]) -> Result<()> {
    let (options, command) = match args.iter().position(|arg| arg == "--") {
        Some(at) if at + 1 < args.len() => (&args[..at], args[at + 1..].join(" ")),
        _ => return Err(USAGE.into()),
    };
    let (mut versions, mut with) = (Vec::new(), Vec::new());
    for pair in options.chunks(2) {
        match pair {
            [name, value] if name == "--kernel" => versions.extend(chosen(value)?),
            [name, value] if name == "--with" => with.push(PathBuf::from(value)),
            _ => return Err(USAGE.into()),
        }
    }
    if versions.is_empty() {
        return Err(USAGE.into());
    }
    let mut failed = Vec::new();
    for version in versions {
        let done = execute(version, &command, &with)?;
        println!("== Linux {}\n{}", done.release, done.output.trim_end());
        if done.status != 0 {
            failed.push(format!("Linux {}: exit status {}", done.release, done.status));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

fn chosen(text: &str) -> Result<Vec<KernelVersion>> {
    if text == "all" {
        return Ok(VERSIONS.to_vec());
    }
    text.split(',')
        .map(|name| {
            let found = VERSIONS.iter().find(|version| version.to_string() == name);
            found.copied().ok_or_else(|| format!("`{name}` is none of 5.10, 6.1, 6.12, 7.3").into())
        })
        .collect()
}

/// What a command did.
pub struct Done {
    /// `uname -r`
    pub release: String,
    /// What it printed.
    pub output: String,
    /// How it ended.
    pub status: i32,
}

/// Runs a command on a kernel. Files of `with` are in its working folder.
pub fn execute(version: KernelVersion, command: &str, with: &[PathBuf]) -> Result<Done> {
    let kernel = debian::download_one(&work_dir(), version)?;
    execute_with(&kernel, &programs()?, command, with, machine::MEMORY)
}

/// The same without programs of ours, for what brings its own, and with `memory` MiB.
pub fn execute_alone(
    version: KernelVersion,
    command: &str,
    with: &[PathBuf],
    memory: u32,
) -> Result<Done> {
    let kernel = debian::download_one(&work_dir(), version)?;
    execute_with(&kernel, &[], command, with, memory)
}

/// The same with programs that need not be static.
fn execute_with(
    kernel: &Downloaded,
    programs: &[PathBuf],
    command: &str,
    with: &[PathBuf],
    memory: u32,
) -> Result<Done> {
    let (work, version) = (work_dir(), kernel.version);
    let initrd = initrd(&work, kernel, programs, command, with)?;
    let console = machine::boot(kernel, &initrd, memory)?.replace('\r', "");
    fs::write(work.join(format!("console-{version}")), &console)?;
    let (_, rest) = console.split_once(BEGIN).ok_or_else(|| {
        let end: Vec<&str> = console.lines().rev().take(20).collect();
        format!("Linux {} does not start:\n{}", kernel.release, lines_back(&end))
    })?;
    let (output, status) = rest
        .rsplit_once(STATUS)
        .ok_or_else(|| format!("the command does not end on Linux {}:\n{rest}", kernel.release))?;
    let status = status.lines().next().and_then(|line| line.trim().parse().ok()).unwrap_or(-1);
    let output = output.trim_start_matches('\n').to_owned();
    Ok(Done { release: kernel.release.clone(), output, status })
}

fn lines_back(lines: &[&str]) -> String {
    lines.iter().rev().copied().collect::<Vec<_>>().join("\n")
}

/// `bpfc` and `bpfc-hooks`, linked statically.
pub fn programs() -> Result<[PathBuf; 2]> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = root.join("target/static");
    let triple = "x86_64-unknown-linux-gnu";
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--target", triple, "--target-dir"])
        .arg(&target)
        .args(["-p", "bpfc-cli", "-p", "bpfc-hooks"])
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .current_dir(&root)
        .status()?;
    if !status.success() {
        return Err("the static programs cannot be built".into());
    }
    let folder = target.join(triple).join("release");
    Ok([folder.join("bpfc"), folder.join("bpfc-hooks")])
}

fn initrd(
    work: &Path,
    kernel: &Downloaded,
    programs: &[PathBuf],
    command: &str,
    with: &[PathBuf],
) -> Result<PathBuf> {
    let root = work.join(format!("vm-{}", kernel.version));
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    for folder in ["bin", "proc", "sys", "tmp", "dev", "etc", "modules", "work"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::copy("/bin/busybox", root.join("bin/busybox"))
        .map_err(|error| format!("/bin/busybox (package busybox-static): {error}"))?;
    for program in programs {
        let to = root.join("bin").join(program.file_name().ok_or("a program without a name")?);
        let status = Command::new("strip").arg("-o").args([&to, program]).status()?;
        if !status.success() {
            return Err("strip failed".into());
        }
        machine::copy_libraries(program, &root)?;
    }
    let order = modules::unpack(&kernel.modules, &root.join("modules"))?;
    fs::write(root.join("modules/order"), order.join("\n") + "\n")?;
    fs::write(
        root.join("etc/passwd"),
        "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
    )?;
    fs::write(root.join("command"), command)?;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for path in std::iter::once(&examples).chain(with) {
        let status = Command::new("cp").arg("-rH").arg(path).arg(root.join("work")).status()?;
        if !status.success() {
            return Err(format!("`{}` cannot be copied", path.display()).into());
        }
    }
    let init = root.join("init");
    fs::write(&init, INIT)?;
    Command::new("chmod").arg("+x").arg(&init).status()?;
    // As root: in the machine everything belongs to it.
    let pack =
        format!("cd '{}' && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1", root.display());
    let path = work.join(format!("vm-{}.gz", kernel.version));
    fs::write(&path, pipe("sh", &["-c", &pack], b"")?)?;
    fs::remove_dir_all(&root)?;
    Ok(path)
}
