//! `cargo xtask kernels`: the reference kernels.
//!
//! `pack` downloads the newest packages of Debian's 5.10, 6.1 and 6.12 kernels into `target/kernels`, takes the types
//! out of the images, and writes `crates/kernels/data/kernels.pack`. It needs apt, dpkg, tar, lz4 and what unpacks the
//! images (xz, zstd).
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
    let packed = bpfc_kernels::pack(&inputs, lz4)?;
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

/// One LZ4 block, by the tool, which searches longer than the library.
fn lz4(bytes: &[u8]) -> Vec<u8> {
    let block = || -> Result<Vec<u8>> {
        let frame = pipe("lz4", &["-q", "-12", "-B7", "--no-frame-crc", "-c"], bytes)?;
        // Magic, flags, block size, header checksum; then one block of less than 4 MiB and the
        // end mark.
        let content_size = if frame[4] & 8 != 0 { 8 } else { 0 };
        let start = 7 + content_size;
        let length = frame.get(start..start + 4).ok_or("a short frame")?;
        let length = u32::from_le_bytes(length.try_into()?);
        let block = &frame[start + 4..frame.len() - 4];
        if bytes.len() > 4 << 20 || block.len() != length as usize {
            return Err("more than one block, or one that does not shrink".into());
        }
        Ok(block.to_vec())
    };
    block().expect("`lz4` packs")
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
