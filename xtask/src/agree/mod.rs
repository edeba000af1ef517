//! `cargo xtask agree`: what our verifier says of programs beside what the kernel here says.
//!
//! Corpora: the selftests of Linux for its verifier, the public programs that clang compiles, our
//! examples and tests as we compile them, and mutations of all of these. Where both verdicts are
//! there and differ, the program is named; `docs/agreement.md` has the reasons.

mod asked;
mod mutate;
pub mod objects;
mod page;
mod selftests;
mod tally;
#[cfg(test)]
mod tests;

use asked::Judge;
use objects::{Corpus, Source};
use std::path::Path;
use tally::Tally;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

const USAGE: &str = "\
usage: cargo xtask agree [OPTION...] [FILTER...]

  FILTER         only programs of whose `corpus/file program` this is a part
  --corpus NAME  only this corpus: selftests, progs, public, examples, tests,
                 generated, mutations
  --linux PATH   an unpacked Linux 6.12, instead of Debian's package
  --count N      mutated programs, and 20 times as many as generated ones (2000)
  --seed S       of both (1)
  --all          programs on which both agree are listed too
  --log          the kernel's log of programs on which they differ
  --bless        write docs/agreement.md";

/// One generated program for so many mutated ones: some are so complex that the kernel takes seconds for them.
const GENERATED_SHARE: usize = 20;

/// What to do.
#[derive(Debug)]
struct Arguments {
    corpus: Option<String>,
    linux: Option<String>,
    n_programs: usize,
    seed: u64,
    lists_all: bool,
    shows_log: bool,
    blesses: bool,
    filters: Vec<String>,
}

impl Arguments {
    fn parse(arguments: &[String]) -> Result<Arguments> {
        let mut parsed = Arguments {
            corpus: None,
            linux: None,
            n_programs: 2000,
            seed: 1,
            lists_all: false,
            shows_log: false,
            blesses: false,
            filters: Vec::new(),
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().cloned().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--corpus" => parsed.corpus = Some(value()?),
                "--linux" => parsed.linux = Some(value()?),
                "--count" => parsed.n_programs = value()?.parse()?,
                "--seed" => parsed.seed = value()?.parse()?,
                "--all" => parsed.lists_all = true,
                "--log" => parsed.shows_log = true,
                "--bless" => parsed.blesses = true,
                option if option.starts_with('-') => return Err(USAGE.into()),
                filter => parsed.filters.push(filter.to_owned()),
            }
        }
        Ok(parsed)
    }

    fn wants(&self, corpus: Corpus) -> bool {
        self.corpus.as_deref().is_none_or(|name| name == corpus.name())
    }

    fn wants_program(&self, title: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| title.contains(filter))
    }
}

/// The task.
pub fn run(arguments: &[String]) -> Result<()> {
    let arguments = Arguments::parse(arguments)?;
    let root = bpfc_testkit::workspace_root().ok_or("not in the workspace")?;
    let folder = root.join("target/agree");
    std::fs::create_dir_all(&folder)?;
    let judge = Judge::new()?;
    let mut tallies = Vec::new();
    let mut sources: Vec<Source> = Vec::new();
    for corpus in Corpus::ALL {
        let needed = arguments.wants(corpus)
            || arguments.wants(Corpus::Mutations)
                && !matches!(corpus, Corpus::Selftests | Corpus::Progs | Corpus::Generated);
        if needed && corpus != Corpus::Mutations {
            let found = collect(corpus, &arguments, &root, &folder)?;
            if arguments.wants(corpus) {
                tallies.push(compare(&judge, &arguments, corpus, &found));
            }
            sources.extend(found);
        }
    }
    if arguments.wants(Corpus::Mutations) {
        let mutations = mutate::all(&sources, arguments.n_programs, arguments.seed);
        tallies.push(compare(&judge, &arguments, Corpus::Mutations, &mutations));
    }
    for tally in &tallies {
        print!("{}", tally.summary());
    }
    let known = page::Known::read(&root)?;
    if arguments.blesses {
        page::write(&root, &tallies, &known, &judge)?;
    }
    let n_unknown = page::unknown(&tallies, &known);
    match n_unknown {
        0 => Ok(()),
        n => Err(format!("{n} disagreements have no reason in {}", page::REASONS).into()),
    }
}

fn collect(
    corpus: Corpus,
    arguments: &Arguments,
    root: &Path,
    folder: &Path,
) -> Result<Vec<Source>> {
    match corpus {
        Corpus::Selftests => selftests::collect(arguments.linux.as_deref(), folder, true),
        Corpus::Progs => selftests::collect(arguments.linux.as_deref(), folder, false),
        Corpus::Public => objects::public(root, folder),
        Corpus::Examples => objects::examples(root),
        Corpus::Tests => objects::tests(root),
        Corpus::Generated => {
            Ok(objects::generated(arguments.n_programs / GENERATED_SHARE, arguments.seed))
        }
        Corpus::Mutations => Ok(Vec::new()),
    }
}

/// Asks both of every program of `sources`.
fn compare(judge: &Judge, arguments: &Arguments, corpus: Corpus, sources: &[Source]) -> Tally {
    let mut tally = Tally::new(corpus);
    for source in sources {
        for (func, function) in source.programs() {
            let title = format!("{}/{} {}", corpus.name(), source.name, function.name);
            if !arguments.wants_program(&title) {
                continue;
            }
            let asked = judge.ask(source, func);
            let line = tally.add(&title, &asked);
            if arguments.lists_all || asked.differs() {
                println!("{line}");
            }
            if arguments.shows_log && asked.differs() {
                println!("{}", asked.log);
            }
        }
    }
    tally
}
