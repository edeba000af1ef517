//! `cargo xtask kernels`: the reference kernels.
//!
//! `pack` downloads the newest packages of Debian's 5.10, 6.1 and 6.12 kernels into `target/kernels`, takes the types
//! out of the images, and writes `crates/kernels/data/kernels.pack`. It needs apt, dpkg, tar and what unpacks the
//! images (lz4, xz, zstd).
//!
//! `transcript` renews what kernels say in `docs/verifier-messages.md`.
//!
//! `compare FILE…` boots these kernels in qemu and compares what they say of each program with `bpfc check --kernel`. It
//! needs qemu-system-x86_64, busybox (static), cpio, gzip and strip, and a built `bpfc`.

mod compare;
pub mod debian;
mod guest;
mod image;
mod machine;
pub mod matrix;
mod modules;
pub mod tools;
mod transcript;
pub mod vm;

use bpfc_btf::Btf;
use bpfc_kabi::KernelVersion;
use bpfc_kernels::{Pack, PackInput};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{error, fs};

/// Whatever went wrong; a development task only prints it.
pub type Result<T> = std::result::Result<T, Box<dyn error::Error>>;

const USAGE: &str = "usage: cargo xtask kernels pack\n       cargo xtask kernels compare FILE…\n       cargo xtask kernels transcript";

/// Runs the task named by the arguments after `kernels`.
pub fn run(args: &[String]) -> Result<()> {
    match args {
        [task] if task == "pack" => pack(),
        [task, files @ ..] if task == "compare" && !files.is_empty() => compare::run(files),
        // What `compare` runs in the virtual machine.
        [task] if task == "transcript" => transcript::run(),
        [task, folder] if task == "guest-logs" => guest::print_logs(Path::new(folder)),
        [task, folder] if task == "guest" => guest::run(Path::new(folder)),
        _ => Err(USAGE.into()),
    }
}

/// A kernel that was downloaded.
pub struct Downloaded {
    version: KernelVersion,
    /// `uname -r`
    release: String,
    /// The compressed image.
    vmlinuz: PathBuf,
    /// The folder of its modules.
    modules: PathBuf,
}

fn pack() -> Result<()> {
    let mut kernels = Vec::new();
    for kernel in debian::download(&work_dir())? {
        let vmlinux = image::unpack(&fs::read(&kernel.vmlinuz)?)?;
        let section = bpfc_object::find_btf_section(&vmlinux).ok_or("an image without `.BTF`")?;
        kernels.push((kernel, Btf::parse(section.to_vec())?));
    }
    let inputs: Vec<PackInput<'_>> = kernels
        .iter()
        .map(|(kernel, btf)| PackInput { version: kernel.version, release: &kernel.release, btf })
        .collect();
    let packed =
        bpfc_kernels::pack(&inputs, |bytes| miniz_oxide::deflate::compress_to_vec(bytes, 10))?;
    check(&packed, &inputs)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/kernels/data/kernels.pack");
    fs::write(&path, &packed)?;
    for input in &inputs {
        println!(
            "{}: {} types, {} bytes",
            input.release,
            input.btf.end_id(),
            input.btf.bytes().len()
        );
    }
    println!("packed: {} bytes", packed.len());
    Ok(())
}

/// What is unpacked must be what was packed.
fn check(packed: &[u8], inputs: &[PackInput<'_>]) -> Result<()> {
    let pack = Pack::open(packed)?;
    for (idx, kernel) in pack.kernels().iter().enumerate() {
        let input = inputs.iter().find(|input| input.version == kernel.version);
        let input = input.ok_or("a kernel that nobody packed")?;
        let unpacked = pack.btf(idx)?;
        if bpfc_btf::dump_raw(&unpacked) != bpfc_btf::dump_raw(input.btf) {
            return Err(format!("{} changed when it was packed", input.release).into());
        }
    }
    Ok(())
}

/// Runs a filter.
fn pipe(program: &str, args: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let mut stdin = child.stdin.take().ok_or("no pipe")?;
    let input = input.to_vec();
    // What does not take all of its input says so with its status.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output()?;
    writer.join().map_err(|_| "the writer stopped")?;
    if !output.status.success() {
        return Err(format!("{program}: {}", output.status).into());
    }
    Ok(output.stdout)
}

fn work_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/kernels")
}
