//! `cargo xtask kabi`: writes the tables of `crates/kabi` from Linux and libbpf source.
//!
//! `generate --linux DIR --libbpf DIR --docs DIR` rewrites `crates/kabi/src/tables/`: Linux 6.12 source for contracts,
//! a newer libbpf (`include/uapi/linux/bpf.h`, `src/libbpf.c`) for names and numbers, and the data folder of
//! isovalent/ebpf-docs for the kernel versions. `constants` rewrites the constant table from `crates/kabi/headers/`.
//! `uapi DIR` rewrites the constants of all headers of the user API from what `make ARCH=… O=DIR/… headers` wrote.

mod c_source;
mod constants;
mod enums;
mod header_names;
mod helpers;
mod kfuncs;
mod protos;
mod sections;
mod uapi;
mod versions;

use std::path::{Path, PathBuf};
use std::{error, fs};

/// Whatever went wrong; a development task only prints it.
pub type Result<T> = std::result::Result<T, Box<dyn error::Error>>;

const USAGE: &str = "usage: cargo xtask kabi generate --linux DIR --libbpf DIR --docs DIR
       cargo xtask kabi constants
       cargo xtask kabi uapi DIR";

/// The folders that facts are read from.
pub struct Sources {
    /// Linux source, version 6.12.
    pub linux: PathBuf,
    /// The libbpf repository.
    pub libbpf: PathBuf,
    /// The data folder of isovalent/ebpf-docs.
    pub docs: PathBuf,
}

/// Runs the task named by the arguments after `kabi`.
pub fn run(args: &[String]) -> Result<()> {
    match args {
        [task, rest @ ..] if task == "generate" => generate(&sources(rest)?),
        [task] if task == "constants" => constants::write(&kabi_dir()),
        [task, dir] if task == "uapi" => uapi::write(Path::new(dir)),
        _ => Err(USAGE.into()),
    }
}

fn sources(args: &[String]) -> Result<Sources> {
    let option = |name: &str| -> Result<PathBuf> {
        let idx = args.iter().position(|arg| arg == name).ok_or(USAGE)?;
        Ok(PathBuf::from(args.get(idx + 1).ok_or(USAGE)?))
    };
    Ok(Sources { linux: option("--linux")?, libbpf: option("--libbpf")?, docs: option("--docs")? })
}

fn generate(sources: &Sources) -> Result<()> {
    let versions = versions::Versions::read(&sources.docs)?;
    let uapi = read(&sources.libbpf.join("include/uapi/linux/bpf.h"))?;
    let tables = kabi_dir().join("src/tables");
    let write = |name: &str, text: String| -> Result<()> {
        fs::write(tables.join(name), text)?;
        Ok(())
    };
    write("prog.rs", enums::prog_table(&uapi, &versions)?)?;
    write("map.rs", enums::map_table(&uapi, &versions)?)?;
    write("section.rs", sections::table(&read(&sources.libbpf.join("src/libbpf.c"))?)?)?;
    write("header.rs", header_names::table(&sources.linux)?)?;
    write("helper.rs", helpers::table(sources, &uapi, &versions)?)?;
    write("kfunc.rs", kfuncs::table(&sources.docs, &uapi, &versions)?)?;
    format(&tables)
}

/// The folder of the kabi crate.
pub fn kabi_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/kabi")
}

/// Reads a text file; the error names it.
pub fn read(path: &Path) -> Result<String> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

/// Runs rustfmt over the files of a folder.
pub fn format(dir: &Path) -> Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        // `mod.rs` would pull in its modules twice.
        if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("mod.rs") {
            files.push(path);
        }
    }
    let config = kabi_dir().join("../..");
    let status = std::process::Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(config)
        .args(files)
        .status()?;
    if status.success() { Ok(()) } else { Err("rustfmt failed".into()) }
}
