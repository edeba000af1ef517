//! `cargo xtask corpus [NAME [PATH]] [--bless]`: builds the programs of other projects, and compares what becomes of them
//! with the lists in `tests/corpus`.

use bpfc_testkit::corpus::{self, CORPORA, Corpus};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs the task with the arguments behind `corpus`.
pub fn run(args: &[String]) -> Result<()> {
    let is_bless = args.iter().any(|arg| arg == "--bless");
    let names: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let root = bpfc_testkit::workspace_root().ok_or("run this in the workspace")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    if !Command::new(cargo).args(["build", "-q", "-p", "bpfc-cli"]).status()?.success() {
        return Err("the build failed".into());
    }
    let bpfc = root.join("target/debug/bpfc");
    let chosen: Vec<&Corpus> = match names.first() {
        None => CORPORA.iter().collect(),
        Some(name) => vec![Corpus::find(name).ok_or_else(|| unknown(name))?],
    };
    let mut n_worse = 0;
    for corpus in chosen {
        let sources = match names.get(1) {
            Some(path) => Ok(PathBuf::from(path)),
            None => corpus.sources(&root.join("target")),
        };
        match sources {
            Ok(sources) => n_worse += compare(corpus, &root, &sources, &bpfc, is_bless)?,
            Err(reason) => println!("skipped {}: {reason}", corpus.name),
        }
    }
    if n_worse > 0 { Err(format!("{n_worse} programs got worse").into()) } else { Ok(()) }
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = CORPORA.iter().map(|corpus| corpus.name).collect();
    format!("there is no corpus `{name}`; there are {}", known.join(", "))
}

fn compare(
    corpus: &Corpus,
    root: &Path,
    sources: &Path,
    bpfc: &Path,
    is_bless: bool,
) -> Result<usize> {
    let outcomes = corpus.build(sources, bpfc)?;
    let n_built = outcomes.values().filter(|outcome| *outcome == "builds").count();
    println!("{}: {n_built} of {} build", corpus.name, outcomes.len());
    let path = root.join("tests/corpus").join(format!("{}.txt", corpus.name));
    let list = fs::read_to_string(&path).unwrap_or_default();
    let differences = corpus::differences(&list, &outcomes);
    for line in &differences {
        println!("  {line}");
    }
    if is_bless {
        fs::write(path, corpus::list(corpus, &outcomes))?;
        return Ok(0);
    }
    Ok(differences.iter().filter(|line| line.starts_with("worse")).count())
}
