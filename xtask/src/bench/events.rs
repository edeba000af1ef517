//! `cargo xtask bench events`: records of 64 bytes through a ring buffer, read by bpfc and by libbpf, and printed by `bpfc run`. Writes
//! `docs/events-speed.md`.

use super::report::machine;
use super::{Result, release_build};
use std::fmt::Write;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each reader is measured; the medians count.
const N_ROUNDS: usize = 5;
/// How long each time.
const SECONDS: &str = "3";
/// A run of the program sends as many.
const AT_ONCE: u32 = 500;

/// What came of a reader.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    /// Records in a second.
    rate: f64,
    /// The part that found no room.
    lost: f64,
    /// Nanoseconds of the reader's processor for each record.
    cost_ns: f64,
}

/// Sends records while system calls are made by the process that is measured.
const PRINTED: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct record { __u64 ts; __u32 pid, cpu; __be32 saddr, daddr; __be16 dport; __u16 kind; char comm[16]; __u32 bytes; __u64 wait_ns; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 16 << 20); } records SEC(".maps");
const volatile __u32 target;
__u64 sent, refused;
SEC("raw_tp/sys_enter") int send(void *ctx)
{
	if ((__u32)bpf_get_current_pid_tgid() != target)
		return 0;
	for (int i = 0; i < 500; i++) {
		struct record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
		if (!record) {
			refused++;
			continue;
		}
		record->ts = bpf_ktime_get_ns();
		record->pid = target;
		record->cpu = i;
		record->saddr = 0x0100000a;
		record->daddr = 0x0200000a;
		record->dport = 0x5000;
		record->kind = 7;
		bpf_get_current_comm(record->comm, sizeof(record->comm));
		record->bytes = 1500;
		record->wait_ns = 12345;
		sent++;
		bpf_ringbuf_submit(record, 0);
	}
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
"#;

/// Measures and writes.
pub fn run(root: &Path) -> Result<()> {
    let reader = build_reader(root)?;
    let bpfc = release_build(root)?;
    let mut text = String::from(
        "# How fast events are read\n\n\
         Written by `cargo xtask bench events`: a program sends records of 64 bytes through a ring buffer of 4 MB from one processor, a reader takes them on \
         another. Every record that was sent is counted and summed up; what found no room is counted by the program. `libbpf` is its \
         `ring_buffer__poll`, through `libbpf-rs`, in the same process and on the same program; medians of ",
    );
    let (model, n_cpus) = machine();
    let release = bpfc_loader::Kernel::new().release();
    let _ = write!(
        text,
        "{N_ROUNDS} runs of {SECONDS} s, in turns.\n\nMachine: {model}, {n_cpus} CPUs, Linux {release}.\n\n"
    );
    text += "| sent | reader | records a second | lost | processor time for a record |\n| --- | --- | ---: | ---: | ---: |\n";
    for (mode, words) in
        [("paced", "a million a second"), ("flood", "as many as there is room for")]
    {
        let mut outcomes = [Vec::new(), Vec::new()];
        for _ in 0..N_ROUNDS {
            for (at, name) in ["bpfc", "libbpf"].into_iter().enumerate() {
                outcomes[at].push(read(&reader, name, mode)?);
            }
        }
        for (name, outcomes) in ["bpfc", "libbpf"].iter().zip(outcomes) {
            let median = |of: fn(&Outcome) -> f64| median(outcomes.iter().map(of).collect());
            row(
                &mut text,
                words,
                name,
                Outcome {
                    rate: median(|o| o.rate),
                    lost: median(|o| o.lost),
                    cost_ns: median(|o| o.cost_ns),
                },
            );
        }
    }
    for form in ["csv", "table"] {
        let outcome = printed(root, &bpfc, form)?;
        row(
            &mut text,
            "half a million a second",
            &format!("`bpfc run --output {form}`, into a pipe"),
            outcome,
        );
    }
    print!("{text}");
    Ok(std::fs::write(root.join("docs/events-speed.md"), text)?)
}

fn row(text: &mut String, sent: &str, reader: &str, outcome: Outcome) {
    let Outcome { rate, lost, cost_ns } = outcome;
    let _ = writeln!(
        text,
        "| {sent} | {reader} | {:.2} million | {:.3} % | {cost_ns:.0} ns |",
        rate / 1e6,
        lost * 100.0
    );
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}

fn build_reader(root: &Path) -> Result<std::path::PathBuf> {
    let arguments = [
        "build",
        "--release",
        "-p",
        "bpfc-loaders",
        "--features",
        "libbpf-rs",
        "--example",
        "read_events",
    ];
    let status = Command::new("cargo").args(arguments).current_dir(root).status()?;
    match status.success() {
        true => Ok(root.join("target/release/examples/read_events")),
        false => Err("the readers cannot be built".into()),
    }
}

fn read(program: &Path, reader: &str, mode: &str) -> Result<Outcome> {
    let output = Command::new(program).args([reader, mode, SECONDS]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [sent, refused, seconds, processor] = numbers.as_slice() else {
        return Err(format!("{reader}: {}", String::from_utf8_lossy(&output.stderr)).into());
    };
    Ok(Outcome {
        rate: sent / seconds,
        lost: refused / (sent + refused),
        cost_ns: processor / sent * 1e9,
    })
}

/// The whole way: `bpfc run` decodes and prints what system calls of this process set off.
fn printed(root: &Path, bpfc: &Path, form: &str) -> Result<Outcome> {
    let file = root.join("target/bench/records.c");
    std::fs::write(&file, PRINTED)?;
    let mut command = Command::new(bpfc);
    command.args(["run", "--kernel", "--duration", "4", "--output", form]);
    command.arg("--set").arg(format!("target={}", std::process::id())).arg(&file);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut errors = BufReader::new(child.stderr.take().ok_or("piped")?);
    let mut line = String::new();
    errors.read_line(&mut line)?;
    let output = child.stdout.take().ok_or("piped")?;
    let counted = std::thread::spawn(move || {
        let mut lines = BufReader::with_capacity(1 << 16, output);
        let mut last = String::new();
        let mut n_lines = 0_u64;
        let mut buffer = vec![0; 1 << 16];
        while let Ok(n) = lines.read(&mut buffer) {
            if n == 0 {
                break;
            }
            n_lines += buffer[..n].iter().filter(|byte| **byte == b'\n').count() as u64;
            last += &String::from_utf8_lossy(&buffer[n.saturating_sub(200)..n]);
            last.drain(..last.floor_char_boundary(last.len().saturating_sub(400)));
        }
        (n_lines, last)
    });
    let start = Instant::now();
    let (mut n_calls, time) = (0_u32, Duration::from_secs(3));
    while start.elapsed() < time {
        // A thousand calls a second; one writes to the pipe as well.
        if start.elapsed() >= Duration::from_millis(u64::from(n_calls)) {
            std::hint::black_box(std::os::unix::process::parent_id());
            n_calls += 1;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let usage = || -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
        Ok((ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0)
    };
    let processor = usage()?;
    let mut rest = String::new();
    errors.read_to_string(&mut rest)?;
    let (n_lines, last) = counted.join().map_err(|_| "the count failed")?;
    child.wait()?;
    let all = rest + &last;
    let number = |name: &str| -> Result<f64> {
        let line = all.lines().rfind(|line| line.trim_start().starts_with(name));
        let word = line.and_then(|line| line.split_whitespace().next_back());
        Ok(word.ok_or_else(|| format!("no `{name}` in {all}"))?.parse()?)
    };
    let (sent, refused) = (number("sent")?, number("refused")?);
    if (n_lines as f64) < sent || n_calls * AT_ONCE == 0 {
        return Err(format!("{sent} records were sent, {n_lines} lines were printed").into());
    }
    Ok(Outcome {
        rate: sent / seconds,
        lost: refused / (sent + refused),
        cost_ns: processor / sent * 1e9,
    })
}
