//! The measurements of code as a page.

use super::code::{Code, Sample};
use super::report::{machine, mean};
use std::fmt::Write;

/// Above this share of clang's -O2, a program wants a reason.
const TOO_LONG: f64 = 1.25;

/// Why programs above [`TOO_LONG`] are: corpus and path, reason.
const REASONS: [(&str, &str); 0] = [];

/// How often one takes what the other does.
#[derive(Clone, Copy, Debug, Default)]
struct Ratios {
    slots_o2: Option<f64>,
    /// Of ours for size.
    slots_os: Option<f64>,
    verified: Option<f64>,
    time: Option<f64>,
    /// Of ours for size.
    time_os: Option<f64>,
}

impl Ratios {
    fn of(sample: &Sample) -> Ratios {
        let slots = |ours: &Code, theirs: &Code| ratio(ours.n_slots.into(), theirs.n_slots.into());
        let time = |ours: &Code, theirs: &Code| {
            both(ours, theirs, |m| m.run_ns).and_then(|(a, b)| ratio(a, b))
        };
        Ratios {
            slots_o2: slots(&sample.ours, &sample.o2),
            slots_os: slots(&sample.ours_os, &sample.os),
            verified: both(&sample.ours, &sample.o2, |m| m.n_verified.map(f64::from))
                .and_then(|(a, b)| ratio(a, b)),
            time: time(&sample.ours, &sample.o2),
            time_os: time(&sample.ours_os, &sample.os),
        }
    }
}

fn ratio(a: f64, b: f64) -> Option<f64> {
    (a > 0.0 && b > 0.0).then(|| a / b)
}

/// The sums of a figure over the programs for which both have it.
fn both(
    ours: &Code,
    theirs: &Code,
    figure: impl Fn(&super::kernel::Measured) -> Option<f64>,
) -> Option<(f64, f64)> {
    let mut sums = None;
    for a in &ours.programs {
        let b = theirs.programs.iter().find(|b| b.name == a.name);
        if let Some((a, b)) = b.and_then(|b| figure(a).zip(figure(b))) {
            let (x, y) = sums.unwrap_or((0.0, 0.0));
            sums = Some((x + a, y + b));
        }
    }
    sums
}

/// Programs that the kernel takes from clang only.
fn refused(sample: &Sample) -> Vec<(&str, &str)> {
    let theirs =
        |name: &str| sample.o2.programs.iter().any(|m| m.name == name && m.complaint.is_none());
    let ours = sample.ours.programs.iter();
    ours.filter(|m| theirs(&m.name))
        .filter_map(|m| m.complaint.as_deref().map(|why| (m.name.as_str(), why)))
        .collect()
}

fn cell(pair: Option<(f64, f64)>, unit: &str) -> String {
    match pair {
        Some((a, b)) => format!("{a:.0}{unit} | {b:.0}{unit} | {:.2}", a / b),
        None => "– | – | –".into(),
    }
}

/// One line of a table.
pub fn line(sample: &Sample) -> String {
    let Sample { name, ours, ours_os, o2, os, .. } = sample;
    let ratios = Ratios::of(sample);
    let show = |ratio: Option<f64>| ratio.map_or("–".into(), |ratio| format!("{ratio:.2}"));
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} |",
        ours.n_slots,
        o2.n_slots,
        show(ratios.slots_o2),
        ours_os.n_slots,
        os.n_slots,
        show(ratios.slots_os),
        cell(both(ours, o2, |m| m.n_verified.map(f64::from)), ""),
        cell(both(ours, o2, |m| m.run_ns), " ns"),
    )
}

/// The geometric means of some samples.
pub fn means(samples: &[Sample]) -> String {
    let ratios: Vec<Ratios> = samples.iter().map(Ratios::of).collect();
    let show = |pick: fn(&Ratios) -> Option<f64>| {
        let found: Vec<f64> = ratios.iter().filter_map(pick).collect();
        match found.len() {
            0 => "–".to_owned(),
            n => format!("{:.3} ({n})", mean(found.into_iter())),
        }
    };
    format!(
        "slots {} at -O2, {} at -Os; verified {} at -O2; time {} at -O2, {} at -Os\n",
        show(|r| r.slots_o2),
        show(|r| r.slots_os),
        show(|r| r.verified),
        show(|r| r.time),
        show(|r| r.time_os)
    )
}

/// The whole page.
pub fn text(samples: &[Sample], left_out: &[(String, String)], clang: &str) -> String {
    let (cpu, n_cpus) = machine();
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let linux: Vec<&str> = release.trim().split('.').take(2).collect();
    let mut text = format!(
        "# The code beside clang's\n\nWritten by `cargo xtask bench code`. Every source is compiled by `bpfc build --cpu v3`, and by clang {} with\n\
         `-g -mcpu=v3`, both at `-O2` and at `-Os`; the objects are loaded and run one after the other. Ratios are bpfc to clang\n\
         at the same level.\n\n\
         - *Slots*: instruction slots of all functions, 8 bytes each.\n\
         - *Verified*: instructions that the kernel's verifier went through, over the programs that it takes from both.\n\
         - *Time*: nanoseconds of a run on the packets of `examples/mixed.pcap` by `BPF_PROG_TEST_RUN`, the fastest of several, for\n  programs that can be run like that.\n\n\
         Machine: {cpu}, {n_cpus} CPUs, Linux {}.\n\n",
        clang.trim_start_matches("version "),
        linux.join(".")
    );
    let _ = writeln!(text, "All {} sources, geometric means: {}", samples.len(), means(samples));
    let mut corpora: Vec<&str> = samples.iter().map(|sample| sample.corpus).collect();
    corpora.dedup();
    for corpus in corpora {
        let of: Vec<Sample> = samples.iter().filter(|s| s.corpus == corpus).cloned().collect();
        let _ = writeln!(
            text,
            "## {corpus}\n\nGeometric means: {}\n| source | slots -O2 | clang | ratio | slots -Os | clang | ratio | verified -O2 | clang | ratio | time -O2 | clang | ratio |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            means(&of)
        );
        of.iter().for_each(|sample| text += &format!("{}\n", line(sample)));
        text.push('\n');
    }
    exceptions(&mut text, samples);
    let _ = writeln!(text, "## Left out\n");
    left_out.iter().for_each(|(name, reason)| text += &format!("- {name}: {reason}\n"));
    text
}

/// What is longer than it should be, and what the kernel does not take.
fn exceptions(text: &mut String, samples: &[Sample]) {
    let _ = writeln!(text, "## Longer than {TOO_LONG} times clang's -O2\n");
    for sample in samples {
        let name = format!("{}/{}", sample.corpus, sample.name);
        let Some(ratio) = Ratios::of(sample).slots_o2.filter(|&ratio| ratio > TOO_LONG) else {
            continue;
        };
        let reason = REASONS.iter().find(|(key, _)| *key == name);
        let reason = reason.map_or("no reason is known", |(_, reason)| reason);
        let _ = writeln!(text, "- {name} ({ratio:.2}): {reason}");
    }
    let _ = writeln!(text, "\n## Taken by the kernel from clang only\n");
    for sample in samples {
        for (program, why) in refused(sample) {
            let _ = writeln!(text, "- {}/{}, `{program}`: {why}", sample.corpus, sample.name);
        }
    }
    text.push('\n');
}
