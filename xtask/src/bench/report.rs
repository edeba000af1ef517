//! The measurements as a page.

use super::headers::Front;
use super::{Built, N_RUNS, Row};
use std::fmt::Write;

/// Heads of sections.
const FRONT_END: &str = "## The front end";
const PROGRAMS: &str = "## The programs";

/// The whole page.
pub fn text(rows: &[Row], fronts: &[Front], clang: &str) -> String {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `cargo xtask bench`: the examples compiled by `bpfc build` and by \
         `clang-19 -O2 -g -target bpf`, one after the\nother on the same machine.\n\n",
    );
    let (cpu, n_cpus) = machine();
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let linux: Vec<&str> = release.trim().split('.').take(2).collect();
    let _ = writeln!(
        text,
        "Machine: {cpu}, {n_cpus} CPUs, Linux {}, clang {}.\n",
        linux.join("."),
        clang.trim_start_matches("version ")
    );
    compilers(&mut text, rows);
    text += &front_ends(fronts);
    programs(&mut text, rows);
    text
}

fn compilers(text: &mut String, rows: &[Row]) {
    let _ = writeln!(
        text,
        "## The compiler\n\nWhole process, median of {N_RUNS} runs. `execsnoop` and `runqlat` include \
         `vmlinux.h`, which clang reads as dumped by bpftool and\nbpfc takes from the kernel's BTF.\n\n\
         | example | bpfc | clang | faster | bpfc, peak | clang, peak |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |"
    );
    for Row { name, ours, theirs } in rows {
        let _ = writeln!(
            text,
            "| {name} | {:.1} ms | {:.0} ms | {:.1} × | {:.1} MB | {:.0} MB |",
            ours.cost.ms,
            theirs.cost.ms,
            theirs.cost.ms / ours.cost.ms,
            megabytes(ours),
            megabytes(theirs)
        );
    }
    let faster = mean(rows.iter().map(|r| r.theirs.cost.ms / r.ours.cost.ms));
    let smaller = mean(rows.iter().map(|r| megabytes(&r.theirs) / megabytes(&r.ours)));
    let _ = writeln!(
        text,
        "\nGeometric means: {faster:.1} times as fast, {smaller:.1} times less memory.\n"
    );
}

/// The section about the front end.
pub fn front_ends(fronts: &[Front]) -> String {
    let mut text = String::from(FRONT_END);
    let _ = writeln!(
        text,
        "\n\nWhole process, median of {N_RUNS} runs. bpfc reads over declarations of types in \
         headers, and parses those that a\nprogram needs; tcc and clang parse all.\n\n\
         | source | compiler | time | of the processor | peak |\n\
         | --- | --- | ---: | ---: | ---: |"
    );
    for Front { source, compiler, cost } in fronts {
        let _ = writeln!(
            text,
            "| {source} | `{compiler}` | {:.1} ms | {:.1} ms | {:.1} MB |",
            cost.ms,
            cost.cpu_ms,
            cost.peak_kib as f64 / 1024.0
        );
    }
    text.push('\n');
    text
}

/// The page with this section about the front end; `None` if it is not as [`text`] writes it.
pub fn with_front_ends(page: &str, section: &str) -> Option<String> {
    let (rest, programs) = page.split_once(PROGRAMS)?;
    let before = rest.split_once(FRONT_END).map_or(rest, |(before, _)| before);
    Some(format!("{before}{section}{PROGRAMS}{programs}"))
}

fn programs(text: &mut String, rows: &[Row]) {
    let _ = writeln!(
        text,
        "{PROGRAMS}\n\nInstruction slots of all functions, and the mean time of a run in the kernel \
         (`BPF_PROG_TEST_RUN`) on the packets of\n`examples/mixed.pcap`, for program types that it can run.\n\n\
         | example | bpfc, slots | clang, slots | ratio | bpfc, run | clang, run | ratio |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    for Row { name, ours, theirs } in rows {
        let slots = f64::from(ours.n_slots) / f64::from(theirs.n_slots);
        let _ = write!(text, "| {name} | {} | {} | {slots:.2} | ", ours.n_slots, theirs.n_slots);
        let _ = match ours.run_ns.zip(theirs.run_ns) {
            Some((a, b)) => writeln!(text, "{a:.0} ns | {b:.0} ns | {:.2} |", a / b),
            None => writeln!(text, "– | – | – |"),
        };
    }
    let slots = rows.iter().map(|r| f64::from(r.ours.n_slots) / f64::from(r.theirs.n_slots));
    let runs = rows.iter().filter_map(|r| r.ours.run_ns.zip(r.theirs.run_ns)).map(|(a, b)| a / b);
    let _ = writeln!(
        text,
        "\nGeometric means of the ratios: {:.2} in slots, {:.2} in time.",
        mean(slots),
        mean(runs)
    );
}

fn megabytes(built: &Built) -> f64 {
    built.cost.peak_kib as f64 / 1024.0
}

/// The geometric mean.
pub fn mean(ratios: impl Iterator<Item = f64>) -> f64 {
    let logarithms: Vec<f64> = ratios.map(f64::ln).collect();
    (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp()
}

/// The processor as it calls itself, and how many there are.
pub fn machine() -> (String, usize) {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut lines = info.lines();
    let model = lines.find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let n_cpus = std::thread::available_parallelism().map_or(1, usize::from);
    (model.to_owned(), n_cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_put_in_or_replaced() {
        let section = front_ends(&[]);
        let page = text(&[], &[], "version 1");
        assert!(page.contains(&section));
        let (before, after) = page.split_once(&section).unwrap();
        let without = format!("{before}{after}");
        assert_eq!(with_front_ends(&without, &section).unwrap(), page);
        assert_eq!(with_front_ends(&page, "").unwrap(), without);
        assert_eq!(with_front_ends("", &section), None);
    }

    #[test]
    fn means_are_geometric() {
        assert!((mean([1.0, 4.0].into_iter()) - 2.0).abs() < 1e-9);
        assert!((mean([0.5, 2.0].into_iter()) - 1.0).abs() < 1e-9);
    }
}
