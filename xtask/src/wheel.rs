//! `cargo xtask wheel [--release]`: makes a wheel of the Python package with maturin, installs it in a fresh virtual environment, and
//! runs the package's tests and the type checker there. It needs python3 with venv, and pip that can install maturin.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{error, fs};

type Result<T> = std::result::Result<T, Box<dyn error::Error>>;

/// Runs the task.
pub fn run(args: &[String]) -> Result<()> {
    let profile = match args {
        [] => "dev",
        [flag] if flag == "--release" => "release",
        _ => return Err("usage: cargo xtask wheel [--release]".into()),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let work = root.join("target/wheel");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;
    let builder = environment(&work.join("builder"), &["maturin>=1.7,<2"])?;
    let mut build = Command::new(builder.with_file_name("maturin"));
    build.args(["build", "--profile", profile, "--out"]).arg(&work).current_dir(&root);
    call(&mut build)?;
    let wheel = fs::read_dir(&work)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "whl"))
        .ok_or("maturin made no wheel")?;
    let wheel_name = wheel.display().to_string();
    let python = environment(&work.join("fresh"), &[&wheel_name, "mypy"])?;
    let mut tests = Command::new(&python);
    tests.args(["-m", "unittest", "discover", "-t", ".", "-s", "."]);
    call(tests.current_dir(root.join("crates/python/tests/python")))?;
    println!("{wheel_name}: {} bytes, installed and tested", fs::metadata(&wheel)?.len());
    Ok(())
}

/// A virtual environment with packages; its interpreter.
fn environment(folder: &Path, packages: &[&str]) -> Result<PathBuf> {
    call(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let python = folder.join("bin/python");
    call(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(packages),
    )?;
    Ok(python)
}

fn call(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
