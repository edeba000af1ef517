//! `cargo xtask bench verifier`: our verifier beside the kernel's on the same objects, made by
//! clang of the examples and of other projects. Writes `docs/verifier-cost.md`.

use super::code::{self, Source};
use super::measure::{Cost, cost};
use super::report::{machine, mean};
use super::{Result, clang_command, dump_vmlinux, path, read, release_build};
use bpfc_loader::{Kernel, LoadOptions, LogLevel, ProgKind, load};
use bpfc_object::{FuncId, Object};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// How often each object is checked, and each program loaded.
const N_RUNS: usize = 5;
/// Where maps that are pinned by name go, and are removed again.
const PIN_FOLDER: &str = "/sys/fs/bpf/bpfc-bench";

/// What a verifier took for a program.
#[derive(Clone, Copy, Debug)]
struct Effort {
    n_insns: u64,
    n_states: u64,
    seconds: f64,
}

impl Effort {
    /// Instructions in a second.
    fn speed(self) -> f64 {
        self.n_insns as f64 / self.seconds
    }
}

/// One object.
struct Row {
    name: String,
    /// All of `bpfc check`.
    whole: Cost,
    /// Programs that both took: ours and the kernel's.
    programs: Vec<(Effort, Effort)>,
}

impl Row {
    fn total(&self, of: impl Fn(&(Effort, Effort)) -> Effort) -> Effort {
        let zero = Effort { n_insns: 0, n_states: 0, seconds: 0.0 };
        self.programs.iter().map(of).fold(zero, |sum, one| Effort {
            n_insns: sum.n_insns + one.n_insns,
            n_states: sum.n_states + one.n_states,
            seconds: sum.seconds + one.seconds,
        })
    }
}

/// Measures all, or those whose path contains the only argument; all are written to the page.
pub fn run(args: &[String]) -> Result<()> {
    let root = bpfc_testkit::workspace_root().ok_or("run this in the workspace")?;
    let folder = root.join("target/bench");
    std::fs::create_dir_all(folder.join("verifier"))?;
    let bpfc = release_build(&root)?;
    dump_vmlinux(&folder)?;
    let filter = args.first();
    let mut rows = Vec::new();
    for source in code::sources(&root)? {
        let name = format!("{}/{}", source.corpus, source.name);
        if filter.is_some_and(|filter| !name.contains(filter.as_str())) {
            continue;
        }
        match measure(&source, &name, &folder, &bpfc) {
            Ok(row) => {
                print!("{}", line(&row));
                rows.push(row);
            }
            Err(reason) => println!("{name}: left out: {reason}"),
        }
    }
    let text = text(&rows);
    match filter {
        Some(_) => print!("{}", means(&rows)),
        None => std::fs::write(root.join("docs/verifier-cost.md"), text)?,
    }
    Ok(())
}

fn measure(source: &Source, name: &str, folder: &Path, bpfc: &Path) -> Result<Row> {
    let file = folder.join("verifier/program.o");
    let mut command = clang_command(folder, &source.path, &file);
    for include in &source.includes {
        command.extend(["-I".into(), path(include)]);
    }
    code::succeed("clang", &command)?;
    let object = read(&file)?;
    let check = [path(bpfc), "check".into(), "-w".into(), path(&file)];
    let mut costs = Vec::new();
    let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..N_RUNS {
        // One after the other, so that both see the same machine.
        costs.push(cost(&check)?);
        our_efforts(bpfc, &file, &mut ours)?;
        kernel_efforts(&object, &mut theirs);
    }
    let both = ours.iter().filter_map(|(name, ours)| Some((*ours, *theirs.get(name)?)));
    Ok(Row { name: name.to_owned(), whole: Cost::median(costs), programs: both.collect() })
}

/// Keeps the faster one.
fn keep(efforts: &mut BTreeMap<String, Effort>, name: &str, effort: Effort) {
    let best = efforts.entry(name.to_owned()).or_insert(effort);
    if effort.seconds < best.seconds {
        *best = effort;
    }
}

/// What `bpfc check --stats` says of each program that it accepts.
fn our_efforts(bpfc: &Path, file: &Path, efforts: &mut BTreeMap<String, Effort>) -> Result<()> {
    let output = Command::new(bpfc)
        .args(["check", "-w", "--stats", "--format", "json", "--kernel", "running"])
        .arg(file)
        .stdin(Stdio::null())
        .output()?;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let value: serde_json::Value = serde_json::from_str(line)?;
        let stats = &value["stats"];
        let number = |key: &str| stats[key].as_u64();
        let (Some(name), Some(true)) = (stats["program"].as_str(), stats["accepted"].as_bool())
        else {
            continue;
        };
        if let (Some(n_insns), Some(n_states), Some(ns)) =
            (number("insns"), number("states"), number("ns"))
        {
            keep(efforts, name, Effort { n_insns, n_states, seconds: ns as f64 / 1e9 });
        }
    }
    Ok(())
}

/// What the kernel's log says of each program that it accepts.
fn kernel_efforts(object: &Object, efforts: &mut BTreeMap<String, Effort>) {
    let kernel = Kernel::new();
    for func in object.functions.ids() {
        let function = &object.functions[func];
        if ProgKind::of(function).is_none() {
            continue;
        }
        if let Some(effort) = loaded(object, func, &kernel) {
            keep(efforts, &function.name, effort);
        }
    }
}

fn loaded(object: &Object, func: FuncId, kernel: &Kernel) -> Option<Effort> {
    // Without the folder, pinning fails and says so.
    let _ = std::fs::create_dir(PIN_FOLDER);
    let options = LoadOptions {
        programs: Some(vec![func]),
        pin_folder: PIN_FOLDER.into(),
        log: LogLevel::Stats,
        ..LoadOptions::default()
    };
    let outcome = load(object, kernel, &options);
    let _ = std::fs::remove_dir_all(PIN_FOLDER);
    let outcome = outcome.ok()?;
    let log = outcome.programs.first()?.log();
    let behind = |word: &str| {
        let words: Vec<&str> = log.split_whitespace().collect();
        let at = words.windows(2).position(|pair| pair[0] == word)?;
        words[at + 1].parse::<u64>().ok()
    };
    Some(Effort {
        n_insns: behind("processed")?,
        n_states: behind("total_states")?,
        // The clock has microseconds.
        seconds: behind("time")?.max(1) as f64 / 1e6,
    })
}

fn line(row: &Row) -> String {
    if row.programs.is_empty() {
        return format!("| {} | {:.1} ms | – | – | – | – | – | – | – |\n", row.name, row.whole.ms);
    }
    let (ours, kernel) = (row.total(|both| both.0), row.total(|both| both.1));
    format!(
        "| {} | {:.1} ms | {} | {} | {} | {} | {:.2} ms | {:.2} ms | {:.2} |\n",
        row.name,
        row.whole.ms,
        ours.n_insns,
        kernel.n_insns,
        ours.n_states,
        kernel.n_states,
        ours.seconds * 1e3,
        kernel.seconds * 1e3,
        ours.speed() / kernel.speed(),
    )
}

fn means(rows: &[Row]) -> String {
    let mut whole: Vec<f64> = rows.iter().map(|row| row.whole.ms).collect();
    whole.sort_by(f64::total_cmp);
    let median = whole.get(whole.len() / 2).copied().unwrap_or_default();
    let slowest = whole.last().copied().unwrap_or_default();
    let peak = rows.iter().map(|row| row.whole.peak_kib).max().unwrap_or_default() / 1024;
    let programs: Vec<&(Effort, Effort)> = rows.iter().flat_map(|row| &row.programs).collect();
    let n_equal = programs.iter().filter(|(a, b)| a.n_insns == b.n_insns).count();
    let insns = mean(programs.iter().map(|(a, b)| a.n_insns as f64 / b.n_insns as f64));
    let speeds = rows
        .iter()
        .filter(|row| !row.programs.is_empty())
        .map(|row| row.total(|both| both.0).speed() / row.total(|both| both.1).speed());
    format!(
        "Of {} objects, `bpfc check` takes {median:.1} ms in the median, {slowest:.1} ms and {peak} MB at most. \
         Over the {} programs that both accept: the same number of instructions for {n_equal}, {insns:.3} times as \
         many in the geometric mean; {:.2} times as many instructions in a second.\n",
        rows.len(),
        programs.len(),
        mean(speeds),
    )
}

fn text(rows: &[Row]) -> String {
    let (cpu, n_cpus) = machine();
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let linux: Vec<&str> = release.trim().split('.').take(2).collect();
    let mut text = String::from("# What verifying costs\n\n");
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "Written by `cargo xtask bench verifier`: objects that clang-19 makes at -O2, checked by `bpfc check` and \
         loaded into the\nkernel, which tells how many instructions its verifier looked at and how long that \
         took. Each time is the best of {N_RUNS},\none after the other on the same machine: {cpu}, {n_cpus} CPUs, \
         Linux {}. *Speed* is how many times as many\ninstructions in a second bpfc looks at.\n\n{}\n\
         | object | all of `bpfc check` | instructions | kernel's | states | kernel's | time | kernel's | speed |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        linux.join("."),
        means(rows),
    );
    rows.iter().for_each(|row| text += &line(row));
    text
}
