//! Objects as files: read back equal, and accepted by the tools that people have.

use crate::run::suite;
use crate::support::{compile_good, options, scratch, stem};
use bpfc::{Cpu, OptLevel};
use bpfc_base::Session;
use bpfc_tester::is_root;
use bpfc_testkit::{Failure, Test};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file as an object on disk; `None` for what is not supported.
fn write(test: &mut Test, folder: &str) -> Result<Option<PathBuf>, Failure> {
    test.steps();
    if test.setting("unsupported").is_some() {
        return Ok(None);
    }
    let object = compile_good(test, &options(OptLevel::O2, Cpu::V3))?;
    let bytes = bpfc::write_object(&mut Session::default(), &object);
    let path = scratch(folder).join(format!("{}.o", stem(test)));
    std::fs::write(&path, bytes.ok_or("it cannot be written")?).map_err(|e| e.to_string())?;
    Ok(Some(path))
}

/// What a tool prints; a skip if it is not installed.
fn tool(name: &str, arguments: &[&str], file: &Path) -> Result<String, Failure> {
    let mut command = Command::new(name);
    let output = command.args(arguments).arg(file).output();
    let output = output.map_err(|_| Failure::Skipped(format!("{name} is not installed")))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || !stderr.trim().is_empty() {
        return Err(format!("{name}: {stderr}").into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn are_read_back_equal() {
    let report = suite().run(|test| {
        let Some(path) = write(test, "round-trip")? else {
            return Ok(());
        };
        let bytes = std::fs::read(&path).map_err(|e| e.to_string())?;
        let read = |bytes: &[u8]| bpfc::read_object("object", bytes).map_err(|d| d.message);
        let once = read(&bytes)?;
        let again = bpfc::write_object(&mut Session::default(), &once);
        if read(&again.ok_or("it cannot be written again")?)? != once {
            test.fail("the object changes when it is written again");
        }
        Ok(())
    });
    report.finish();
}

#[test]
fn are_accepted_by_llvm_and_binutils() {
    let report = suite().run(|test| {
        let Some(path) = write(test, "tools")? else {
            return Ok(());
        };
        // LLVM shows source lines from BTF.ext since version 18.
        let listing = tool("llvm-objdump-19", &["-d", "-S", "--mcpu=v3"], &path)?;
        if listing.contains("<unknown>") {
            test.fail("llvm-objdump does not know an instruction");
        }
        if !listing.contains("; ") {
            test.fail("the listing has no source lines");
        }
        let sections = tool("readelf", &["-a", "-W"], &path)?;
        if !sections.contains(".BTF") {
            test.fail("readelf finds no BTF");
        }
        Ok(())
    });
    report.finish();
}

#[test]
fn are_loaded_by_bpftool() {
    let report = suite().run(|test| {
        let Some(path) = write(test, "bpftool")? else {
            return Ok(());
        };
        if !is_root() {
            return Err(Failure::NeedsKernel("only root may load programs".into()));
        }
        // Names in a bpffs have no dots.
        let name = stem(test).replace('.', "-");
        let pins = format!("/sys/fs/bpf/bpfc-test-{}-{name}", std::process::id());
        let output =
            Command::new("bpftool").args(["prog", "loadall"]).arg(&path).arg(&pins).output();
        let _ = std::fs::remove_dir_all(&pins);
        let output = output.map_err(|_| Failure::Skipped("bpftool is not installed".into()))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    });
    report.finish();
}
