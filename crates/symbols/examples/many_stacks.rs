//! Measures: names made-up stacks of 30 addresses in the functions of a process: `many_stacks PID [STACKS]`.

#![forbid(unsafe_code)]

use bpfc_symbols::{Folded, Symbolizer};
use std::time::Instant;

const DEPTH: usize = 30;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let pid: u32 = arguments.next().ok_or("which process?")?.parse()?;
    let n_stacks: usize = arguments.next().map_or(Ok(10_000), |n| n.parse())?;
    let ranges = executable(pid)?;
    let n_bytes: u64 = ranges.iter().map(|(start, end)| end - start).sum();
    // Few functions are on most stacks: half of the addresses are of a thousand.
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below.max(1)
    };
    let address = |at: u64| {
        let mut at = at % n_bytes;
        for (start, end) in &ranges {
            if at < end - start {
                return start + at;
            }
            at -= end - start;
        }
        0
    };
    let hot: Vec<u64> = (0..1000).map(|_| random(n_bytes)).collect();
    let stacks: Vec<Vec<u64>> = (0..n_stacks)
        .map(|_| {
            let addresses = (0..DEPTH).map(|_| match random(2) {
                0 => address(random(n_bytes)),
                _ => address(hot[random(1000) as usize]),
            });
            addresses.collect()
        })
        .collect();
    let before = resident_kib();
    let start = Instant::now();
    let mut symbols = Symbolizer::new();
    symbols.user(pid, &stacks[0]);
    let first = start.elapsed();
    let mut folded = Folded::default();
    for stack in &stacks {
        let frames = symbols.user(pid, stack);
        folded.add("process", &frames, &[], 1);
    }
    let all = start.elapsed();
    let (n_frames, n_named) = folded.iter().fold((0, 0), |(all, named), (frames, _)| {
        let is_named = |frame: &&bpfc_symbols::FoldedFrame| !frame.name.starts_with('[');
        (all + frames.len() - 1, named + frames.iter().skip(1).filter(is_named).count())
    });
    println!(
        "{n_stacks} stacks, {n_frames} frames, {n_named} named: {all:.1?}, the first {first:.1?}; {} MiB more memory, {} MiB of them \
         for the folded stacks",
        (resident_kib() - before) >> 10,
        folded.to_string().len() >> 20
    );
    let start = Instant::now();
    stacks.iter().for_each(|stack| drop(symbols.user(pid, stack)));
    println!("again: {:.1?}", start.elapsed());
    Ok(())
}

/// What a process can execute, of files.
fn executable(pid: u32) -> std::io::Result<Vec<(u64, u64)>> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let lines = maps.lines().filter(|line| line.contains(" r-xp ") && line.contains('/'));
    let ranges = lines.filter_map(|line| {
        let (start, end) = line.split(' ').next()?.split_once('-')?;
        Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
    });
    Ok(ranges.collect())
}

/// How much memory we have.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
