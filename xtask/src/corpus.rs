//! `cargo xtask corpus [NAME [PATH]] [--bless]`: builds the programs of other projects, and compares what becomes of them
//! with the lists in `tests/corpus`. `bcc` is all that BCC's tools, examples and tests compile.

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
    if names.first().is_some_and(|name| *name == BCC) {
        return check_bcc(names.get(1).map(PathBuf::from), &root, is_bless);
    }
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

/// The corpus of BCC's own programs, which are texts in scripts: a test of `bpfc` runs these.
const BCC: &str = "bcc";

/// Compiles and loads the programs of Debian's `bpfcc-tools`, and of BCC's repository.
fn check_bcc(sources: Option<PathBuf>, root: &Path, is_bless: bool) -> Result<()> {
    let sources = match sources {
        Some(path) => path,
        None => Corpus::find("libbpf-tools").ok_or("no corpus")?.sources(&root.join("target"))?,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["test", "-q", "-p", "bpfc", "--test", "it", "--"]);
    command.args(["bcc::tools_do", "bcc::upstream", "--nocapture"]).env("BPFC_BCC", sources);
    if is_bless {
        command.env("BPFC_BLESS", "1");
    }
    if command.status()?.success() {
        Ok(())
    } else {
        Err("programs of BCC differ from the list".into())
    }
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = CORPORA.iter().map(|corpus| corpus.name).chain([BCC]).collect();
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
