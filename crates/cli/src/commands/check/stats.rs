//! `bpfc check --stats`: what it took to verify each program.

use crate::args::MessageFormat;
use crate::terminal::{print_err, print_out};
use bpfc::{LineCost, ProgramStats};
use serde_json::json;
use std::fmt::Write;

/// Lines that people are shown.
const MAX_LINES: usize = 10;
/// Characters of a source line that people are shown.
const MAX_CHARS: usize = 60;

/// Prints the figures: with the diagnostics of tools one JSON object a line, for people a table. Where standard output is
/// another document, the table goes to standard error.
pub fn print(all: &[ProgramStats], format: MessageFormat) {
    match format {
        MessageFormat::Json => {
            print_out(&all.iter().map(|stats| object(stats) + "\n").collect::<String>())
        }
        MessageFormat::Human | MessageFormat::Short => print_out(&tables(all)),
        MessageFormat::Sarif | MessageFormat::Github | MessageFormat::Junit => {
            print_err(&tables(all))
        }
    }
}

fn tables(all: &[ProgramStats]) -> String {
    all.iter().map(table).collect::<Vec<String>>().join("\n")
}

fn table(stats: &ProgramStats) -> String {
    let mut out = String::new();
    let mut write = |text: std::fmt::Arguments<'_>| {
        out.write_fmt(text).expect("a string takes all text");
    };
    let kernel = stats.kernel.map_or(String::new(), |kernel| format!(" on Linux {kernel}"));
    let verdict = if stats.is_accepted { "accepted" } else { "rejected" };
    write(format_args!("{} ({}){kernel}: {verdict}\n", stats.name, stats.section));
    write(format_args!(
        "  instructions  {}, looked at {} times\n",
        stats.n_program_insns, stats.n_insns
    ));
    write(format_args!(
        "  states        {}, at most {} at a time in {} KiB\n",
        stats.n_states,
        stats.n_peak_states,
        stats.peak_bytes.div_ceil(1024)
    ));
    write(format_args!("  time          {:.2} ms\n", stats.time.as_secs_f64() * 1e3));
    let stack = stats.functions.iter().map(|(name, bytes)| format!("{name} {bytes}"));
    write(format_args!("  stack         {} bytes\n", stack.collect::<Vec<_>>().join(", ")));
    let lines: Vec<&LineCost> = stats.lines.iter().take(MAX_LINES).collect();
    let places: Vec<String> =
        lines.iter().map(|cost| format!("{}:{}", cost.file, cost.line)).collect();
    let width = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
    if !lines.is_empty() {
        write(format_args!("  looked at most often:\n"));
    }
    for (cost, place) in lines.iter().zip(places) {
        let share = cost.n_visits * 100 / u64::from(stats.n_insns.max(1));
        let text: String = cost.text.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
        write(format_args!("  {:>8} {share:>3}%  {place:width$}  {text}\n", cost.n_visits));
    }
    out
}

fn object(stats: &ProgramStats) -> String {
    let functions = stats.functions.iter();
    let functions = functions.map(|(name, bytes)| json!({ "name": name, "stack_bytes": bytes }));
    let lines = stats.lines.iter().map(|cost| {
        json!({
            "file": &*cost.file, "line": cost.line, "text": cost.text, "visits": cost.n_visits,
        })
    });
    let stats = json!({
        "program": stats.name,
        "section": stats.section,
        "kernel": stats.kernel.map(|kernel| kernel.to_string()),
        "accepted": stats.is_accepted,
        "program_insns": stats.n_program_insns,
        "insns": stats.n_insns,
        "states": stats.n_states,
        "peak_states": stats.n_peak_states,
        "peak_bytes": stats.peak_bytes,
        "ns": stats.time.as_nanos() as u64,
        "functions": functions.collect::<Vec<_>>(),
        "lines": lines.collect::<Vec<_>>(),
    });
    json!({ "stats": stats }).to_string()
}
