//! `cargo xtask effort`: what verifying costs us beside what it costs the kernel here: instructions looked at, states kept,
//! time, for programs that both accept.

use crate::agree::objects::{self, Source};
use bpfc_kabi::KernelVersion;
use bpfc_loader::{Kernel, LoadOptions, LogLevel, load};
use bpfc_object::{FuncId, link};
use bpfc_verifier::{Report, Verdict, VerifyOptions, verify};
use std::time::{Duration, Instant};

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

const USAGE: &str = "\
usage: cargo xtask effort [OPTION...] [FILTER...]

  FILTER         only programs of whose `file program` this is a part
  --corpus NAME  public (by default), examples, tests or own: generated programs
  --seed S       the first generated program (1)
  --count N      how many are generated (50)
  --all          programs on which both are alike are listed too";

/// What verifying one program cost.
struct Cost {
    title: String,
    ours: Figures,
    kernel: Figures,
    n_bytes: u64,
}

/// What either verifier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Figures {
    n_insns: u32,
    n_states: u32,
    n_peak_states: u32,
    time: Duration,
}

impl Cost {
    /// Our instructions for each of the kernel's.
    fn ratio(&self) -> f64 {
        f64::from(self.ours.n_insns) / f64::from(self.kernel.n_insns.max(1))
    }

    fn is_same(&self) -> bool {
        let figures = |of: &Figures| (of.n_insns, of.n_states, of.n_peak_states);
        figures(&self.ours) == figures(&self.kernel)
    }

    fn line(&self) -> String {
        let figures = |of: &Figures| {
            format!(
                "{} insns, {} states, {} at a time, {} us",
                of.n_insns,
                of.n_states,
                of.n_peak_states,
                of.time.as_micros()
            )
        };
        let (ours, kernel) = (figures(&self.ours), figures(&self.kernel));
        format!("{}: {ours}, {} KiB; kernel {kernel}", self.title, self.n_bytes >> 10)
    }
}

/// The task.
pub fn run(arguments: &[String]) -> Result<()> {
    let (mut corpus, mut seed, mut count, mut lists_all) = ("public".to_owned(), 1, 50, false);
    let mut filters = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().cloned().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--corpus" => corpus = value()?,
            "--seed" => seed = value()?.parse()?,
            "--count" => count = value()?.parse()?,
            "--all" => lists_all = true,
            option if option.starts_with('-') => return Err(USAGE.into()),
            filter => filters.push(filter.to_owned()),
        }
    }
    let root = bpfc_testkit::workspace_root().ok_or("not in the workspace")?;
    let folder = root.join("target/effort");
    std::fs::create_dir_all(&folder)?;
    let sources = match corpus.as_str() {
        "public" => objects::public(&root, &folder)?,
        "examples" => objects::examples(&root)?,
        "tests" => objects::tests(&root)?,
        "own" => generated(seed, count),
        _ => return Err(USAGE.into()),
    };
    let kernel = Kernel::new();
    let version = kernel.version().ok_or("the kernel's version is not known")?;
    let mut costs = Vec::new();
    for source in &sources {
        for (func, function) in source.programs() {
            let title = format!("{} {}", source.name, function.name);
            let is_wanted = filters.is_empty() || filters.iter().any(|part| title.contains(part));
            if !is_wanted {
                continue;
            }
            match measure(&title, source, func, &kernel, version) {
                Ok(cost) => {
                    if lists_all || !cost.is_same() {
                        println!("{}", cost.line());
                    }
                    costs.push(cost);
                }
                Err(reason) => println!("{title}: left out: {reason}"),
            }
        }
    }
    println!("{}", summary(&costs));
    Ok(())
}

fn generated(seed: u64, count: u64) -> Vec<Source> {
    let programs = (seed..seed + count).map(|seed| {
        let text = bpfc_testkit::generate::program(seed);
        objects::build(&format!("own {seed}"), text.as_bytes(), &bpfc::Options::default())
    });
    programs.flatten().collect()
}

fn measure(
    title: &str,
    source: &Source,
    func: FuncId,
    kernel: &Kernel,
    version: KernelVersion,
) -> Result<Cost> {
    let options = LoadOptions {
        programs: Some(vec![func]),
        log: LogLevel::Stats,
        prog_flags: source.prog_flags(func),
        ..LoadOptions::default()
    };
    let loaded = load(&source.object, kernel, &options)?;
    let log = loaded.programs.first().ok_or("nothing is loaded")?.log().to_owned();
    let theirs = parse(&log).ok_or(format!("no figures in the log: {log}"))?;
    let linked = link(&source.object, func)?;
    let options = VerifyOptions {
        kernel: Some(version),
        keeps_all_states: source.prog_flags(func) & 1 << 3 != 0,
        ..VerifyOptions::default()
    };
    let began = Instant::now();
    let report = verify(&source.object, &linked, &options, &source.sources);
    let time = began.elapsed();
    let Report { verdict, n_insns, n_states, n_peak_states, peak_bytes, .. } = report;
    if verdict != Verdict::Accepted {
        let first = report.diagnostics.first().map(|diagnostic| diagnostic.message.clone());
        return Err(format!(
            "we reject it after {n_insns} insns, the kernel looks at {}: {}",
            theirs.n_insns,
            first.unwrap_or_default()
        )
        .into());
    }
    Ok(Cost {
        title: title.to_owned(),
        ours: Figures { n_insns, n_states, n_peak_states, time },
        kernel: theirs,
        n_bytes: peak_bytes,
    })
}

/// `verification time N usec`, `processed N insns … total_states N peak_states N`.
fn parse(log: &str) -> Option<Figures> {
    let words: Vec<&str> = log.split_whitespace().collect();
    let after = |word: &str| {
        let at = words.iter().rposition(|w| *w == word)?;
        words.get(at + 1)?.parse().ok()
    };
    Some(Figures {
        n_insns: after("processed")?,
        n_states: after("total_states")?,
        n_peak_states: after("peak_states")?,
        time: Duration::from_micros(after("time").unwrap_or(0).into()),
    })
}

fn summary(costs: &[Cost]) -> String {
    let n = costs.len();
    let count = |wanted: &dyn Fn(&Cost) -> bool| costs.iter().filter(|cost| wanted(cost)).count();
    let mut ratios: Vec<f64> = costs.iter().map(Cost::ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let at = |part: usize| ratios.get(n.saturating_sub(1) * part / 100).copied().unwrap_or(0.0);
    let mut times: Vec<Duration> = costs.iter().map(|cost| cost.ours.time).collect();
    times.sort();
    let total = |of: &dyn Fn(&Cost) -> Figures| {
        let time: Duration = costs.iter().map(|cost| of(cost).time).sum();
        let n_insns: u64 = costs.iter().map(|cost| u64::from(of(cost).n_insns)).sum();
        (n_insns, time, n_insns as f64 / time.as_secs_f64().max(1e-9) / 1e6)
    };
    let (ours, kernel) = (total(&|cost| cost.ours), total(&|cost| cost.kernel));
    format!(
        "{n} programs; the same instructions for {}, and states too for {}; within a factor of 2 for {}\n\
         instructions, ours by the kernel's: least {:.2}, 10 % {:.2}, median {:.2}, 90 % {:.2}, most {:.2}\n\
         ours: {} insns in {:.1} ms, {:.2} per us, median {} us, most {} us\n\
         kernel: {} insns in {:.1} ms, {:.2} per us",
        count(&|cost| cost.ours.n_insns == cost.kernel.n_insns),
        count(&Cost::is_same),
        count(&|cost| (0.5..=2.0).contains(&cost.ratio())),
        at(0),
        at(10),
        at(50),
        at(90),
        at(100),
        ours.0,
        ours.1.as_secs_f64() * 1e3,
        ours.2,
        times.get(n / 2).map_or(0, Duration::as_micros),
        times.last().map_or(0, Duration::as_micros),
        kernel.0,
        kernel.1.as_secs_f64() * 1e3,
        kernel.2,
    )
}
