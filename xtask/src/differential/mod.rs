//! Differential testing: generated programs must give the same result however they are compiled
//! and wherever they run.
//!
//! A program is one text that is valid for BPF and, with `-DHOST`, for the host. GCC on the
//! host says what is right; our objects at every level, and the one clang makes, run in the
//! virtual machine on both engines, and a sample runs in the kernel. What differs is reduced and
//! written to `target/differential`.

mod arguments;
mod compilers;
mod csmith;
mod examine;
pub mod kernel;
mod reduce;
mod tally;
#[cfg(test)]
mod tests;

use arguments::{Arguments, Generator};
use examine::{Examiner, Finding};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tally::Tally;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Where programs that differ go, and what compilers write.
const FOLDER: &str = "target/differential";

/// The task.
pub fn run(arguments: &[String]) -> Result<()> {
    let arguments = Arguments::parse(arguments)?;
    if arguments.prints {
        for generator in arguments.generators() {
            print!("{}", generator.program(arguments.seed)?);
        }
        return Ok(());
    }
    let root = bpfc_testkit::workspace_root().ok_or("not in the workspace")?;
    let folder = root.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let mut is_good = true;
    for generator in arguments.generators() {
        let (tally, seconds) = measure(|| compare_all(&arguments, generator, &folder));
        print!("{}", tally.report(generator.name(), seconds));
        is_good &= tally.findings.is_empty();
    }
    match is_good {
        true => Ok(()),
        false => Err("programs differ".into()),
    }
}

fn measure<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let began = std::time::Instant::now();
    (work(), began.elapsed().as_secs_f64())
}

/// Compares `count` programs, on as many threads as asked for.
fn compare_all(arguments: &Arguments, generator: Generator, folder: &Path) -> Tally {
    let tally = Mutex::new(Tally::default());
    let next = AtomicU64::new(0);
    let must_stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for worker in 0..arguments.n_jobs {
            let (tally, next, must_stop) = (&tally, &next, &must_stop);
            // Frames of the parser and of passes add up in an unoptimised build.
            let builder = std::thread::Builder::new().stack_size(64 << 20);
            let work = move || {
                let every = arguments.kernel_every;
                let examiner = Examiner::new(folder, worker, every, generator.demand());
                while !must_stop.load(Ordering::Relaxed) {
                    let idx = next.fetch_add(1, Ordering::Relaxed);
                    if idx >= arguments.count {
                        break;
                    }
                    let seed = arguments.seed + idx;
                    let finding = compare_one(&examiner, arguments, generator, seed, tally);
                    if finding && !arguments.keeps_going {
                        must_stop.store(true, Ordering::Relaxed);
                    }
                }
            };
            builder.spawn_scoped(scope, work).expect("a thread can be started");
        }
    });
    tally.into_inner().expect("no worker panicked")
}

/// Compares one program; true if something differs.
fn compare_one(
    examiner: &Examiner,
    arguments: &Arguments,
    generator: Generator,
    seed: u64,
    tally: &Mutex<Tally>,
) -> bool {
    let text = match &arguments.file {
        Some(path) => std::fs::read_to_string(path).map_err(|e| e.to_string()),
        None => generator.program(seed),
    };
    let text = match text {
        Ok(text) => text,
        Err(reason) => {
            tally.lock().expect("no worker panicked").discard(reason);
            return false;
        }
    };
    let examination = examiner.examine(&text, seed);
    let finding = examination.findings.first().cloned();
    let path = match &arguments.file {
        Some(path) => path.clone(),
        None => examiner.folder().join(format!("{}-{seed}.c", generator.name())),
    };
    if let Some(finding) = &finding {
        if arguments.file.is_none() {
            save(&path, &text, finding);
        }
        eprintln!("{}: {finding}", path.display());
    }
    let mut tally = tally.lock().expect("no worker panicked");
    let n_earlier = tally.findings.len() as u64;
    tally.add(seed, examination);
    if tally.is_milestone() {
        eprintln!("{}: {}", generator.name(), tally.summary());
    }
    drop(tally);
    let Some(finding) = finding else {
        return false;
    };
    if n_earlier < arguments.n_reductions {
        let reduced = reduce::reduce(&text, |text| examiner.shows(text, seed, &finding));
        save(&reduced_path(&path), &reduced, &finding);
        eprintln!("{}: reduced", reduced_path(&path).display());
    }
    true
}

fn reduced_path(path: &Path) -> PathBuf {
    path.with_extension("reduced.c")
}

fn save(path: &Path, text: &str, finding: &Finding) {
    let comment: String = finding.to_string().lines().map(|line| format!("// {line}\n")).collect();
    if let Err(error) = std::fs::write(path, comment + text) {
        eprintln!("{}: {error}", path.display());
    }
}
