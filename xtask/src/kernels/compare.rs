//! `cargo xtask kernels compare FILE…`: does `bpfc check --kernel` say of each program what the kernels say?
//!
//! Each file is built and checked by the command; then each kernel is booted in a virtual machine, where every
//! program is loaded alone. A program counts as refused by `check` if a report is at its lines or about the whole object. Those that are
//! marked with `?` are not loaded.

use super::{Downloaded, Result, debian, guest, machine, work_dir};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Codes of what is only noticed when a program is attached.
const WHEN_ATTACHED: [&str; 2] = ["E0610", "E0611"];

/// A program of a file and the codes of what was reported about it, by kernel.
type Predicted = BTreeMap<(String, String), BTreeMap<String, Vec<String>>>;

/// Compares; fails if there is a difference.
pub fn run(files: &[String]) -> Result<()> {
    let work = work_dir();
    let objects = work.join("objects");
    if objects.exists() {
        fs::remove_dir_all(&objects)?;
    }
    fs::create_dir_all(&objects)?;
    let kernels = debian::download(&work)?;
    let mut predicted = Predicted::new();
    for file in files {
        predict(Path::new(file), &objects, &kernels, &mut predicted)?;
    }
    let initrd = machine::initrd(&work, &objects, "guest")?;
    let mut n_differences = 0;
    for kernel in &kernels {
        let console = machine::boot(kernel, &initrd, machine::MEMORY)?;
        fs::write(work.join(format!("console-{}", kernel.version)), &console)?;
        n_differences += compare(kernel, &console, &predicted)?;
    }
    match n_differences {
        0 => Ok(()),
        n => Err(format!("{n} differences").into()),
    }
}

fn bpfc() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("bpfc"))
}

/// Builds a file and notes what `check` says of its programs. Files that do not compile are left out.
fn predict(
    file: &Path,
    objects: &Path,
    kernels: &[Downloaded],
    predicted: &mut Predicted,
) -> Result<()> {
    let name = file.display().to_string().replace(['/', '.'], "_");
    let object = objects.join(format!("{name}.o"));
    let newest = kernels.last().ok_or("no kernel")?.version.to_string();
    let build = ["build", "-w", "--kernel", &newest, "-o"];
    let built = Command::new(bpfc()?).args(build).arg(&object).arg(file).output()?;
    if !built.status.success() {
        println!("{}: does not compile", file.display());
        return Ok(());
    }
    let check = ["check", "--kernel", "all", "--format", "json"];
    let checked = Command::new(bpfc()?).args(check).arg(file).output()?;
    let source = fs::read_to_string(file)?;
    let content = bpfc_object::read(&fs::read(&object)?).map_err(|error| error.to_string())?;
    // Where each program begins; what is in front of all is about maps.
    let mut starts: Vec<(usize, String)> = Vec::new();
    for (_, function) in content.programs() {
        let defines = |line: &str| {
            let is_code = line.starts_with(['\t', ' ', '/', '*', '#']);
            !is_code && line.contains(&format!("{}(", function.name))
        };
        let line = source.lines().position(defines).map_or(0, |idx| idx + 1);
        starts.push((line, function.name.clone()));
        predicted.entry((name.clone(), function.name.clone())).or_default();
    }
    starts.sort();
    for line in String::from_utf8_lossy(&checked.stdout).lines() {
        let report: Value = serde_json::from_str(line)?;
        let code = report["code"].as_str().unwrap_or_default().to_owned();
        let place = report["spans"][0]["line"].as_u64().unwrap_or(0) as usize;
        let is_error = report["severity"] == "error" || code == "W0611";
        let about: Vec<&String> = match starts.iter().rev().find(|(start, _)| *start <= place) {
            Some((_, program)) if !is_of_object(&report) => vec![program],
            _ => starts.iter().map(|(_, program)| program).collect(),
        };
        for target in report["targets"].as_array().into_iter().flatten().filter(|_| is_error) {
            let target = target.as_str().unwrap_or_default();
            for program in &about {
                let codes = predicted.entry((name.clone(), (*program).clone())).or_default();
                codes.entry(target.to_owned()).or_default().push(code.clone());
            }
        }
    }
    Ok(())
}

/// Whether it concerns every program of an object: loaders create all maps, and want all symbols that are not weak.
fn is_of_object(report: &Value) -> bool {
    let help = report["helps"][0]["text"].as_str().unwrap_or_default();
    report["code"] == "E0608" || report["code"] == "E0607" && help.starts_with("declare")
}

/// Prints where kernel and prediction differ; how often.
fn compare(kernel: &Downloaded, console: &str, predicted: &Predicted) -> Result<u32> {
    let version = kernel.version.to_string();
    let (mut n_same, mut n_accepted, mut n_open, mut n_differences) = (0, 0, 0, 0);
    for line in console.lines() {
        let Some((_, verdict)) = line.split_once(guest::MARK) else {
            continue;
        };
        let mut words = verdict.trim().splitn(3, ' ');
        let (Some(file), Some(program), Some(said)) = (words.next(), words.next(), words.next())
        else {
            return Err(format!("a strange line: {line}").into());
        };
        let codes = predicted.get(&(file.to_owned(), program.to_owned()));
        let codes = codes.ok_or_else(|| format!("unknown program: {line}"))?;
        let codes = codes.get(&version).cloned().unwrap_or_default();
        let is_refused = said.starts_with("refused");
        let is_late = !codes.is_empty()
            && codes.iter().all(|code| WHEN_ATTACHED.contains(&code.as_str()) || code == "W0611");
        if is_refused != codes.is_empty() {
            n_same += 1;
            n_accepted += u32::from(!is_refused);
        } else if !is_refused && is_late {
            n_open += 1;
        } else {
            n_differences += 1;
            println!("{version}: {file} {program}: check says {codes:?}, the kernel {said}");
        }
    }
    println!(
        "{}: {n_same} verdicts agree ({n_accepted} accepted), {n_open} are about attaching, {n_differences} differ",
        kernel.release
    );
    if n_same == 0 {
        return Err(format!("{version}: the machine said nothing:\n{console}").into());
    }
    Ok(n_differences)
}
