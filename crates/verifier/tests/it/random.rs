//! Random programs: the verdict is the kernel's.
//!
//! `BPFC_RANDOM=n` tries more of them, `BPFC_RANDOM_SEED=n` others, `BPFC_RANDOM_FIRST=n` starts at
//! the one with this number.

use crate::{assembly, kernel};
use bpfc_base::Idx;
use bpfc_object::{FuncId, link};
use bpfc_verifier::{Verdict, VerifyOptions, verify};
use std::fmt::Write;

/// splitmix64, so that failures repeat.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }

    fn small(&mut self) -> i64 {
        match self.below(6) {
            0 => self.below(4) as i64,
            1 => self.below(64) as i64,
            2 => -(self.below(16) as i64),
            3 => [7, 15, 31, 63, 0xff, 0x7fff_ffff, -1, 0x100][self.below(8) as usize],
            4 => self.below(1 << 31) as i64,
            _ => self.below(48) as i64,
        }
    }
}

/// Registers that start as numbers.
const NUMBERS: [&str; 5] = ["0", "2", "3", "4", "5"];

/// A program: unknown numbers in `r0`, `r2`…`r5`, a map value of 64 bytes in `r7`, the packet with
/// some bytes in `r8`, the context in `r6`; then anything.
pub fn program(random: &mut Random) -> String {
    let mut text = String::from(
        "\tr6 = r1
	*(u32 *)(r10 - 4) = 1
	r2 = r10
	r2 += -4
	r1 = table ll
	call bpf_map_lookup_elem
	if r0 == 0 goto out
	r7 = r0
	r8 = *(u32 *)(r6 + 0)
	r9 = *(u32 *)(r6 + 4)
	r1 = r8
	r1 += 20
	if r1 > r9 goto out
	r0 = *(u32 *)(r6 + 12)
	r2 = *(u32 *)(r6 + 16)
	r3 = *(u64 *)(r7 + 0)
	r4 = *(u8 *)(r7 + 8)
	r5 = 7
",
    );
    let n_steps = 4 + random.below(18);
    let mut labels = Vec::new();
    for step in 0..n_steps {
        if labels.first() == Some(&step) {
            let _ = writeln!(text, "L{step}:");
            labels.remove(0);
        }
        one(random, &mut text, step, n_steps, &mut labels);
    }
    for label in labels {
        let _ = writeln!(text, "L{label}:");
    }
    text.push_str("out:\n\tr0 = 2\n\texit\n");
    text
}

fn one(random: &mut Random, text: &mut String, step: u64, n_steps: u64, labels: &mut Vec<u64>) {
    let (a, b) = (random.pick(&NUMBERS), random.pick(&NUMBERS));
    let width = random.pick(&["r", "r", "w"]);
    let value = random.small();
    let slot = 8 * (1 + random.below(3));
    let _ = match random.below(19) {
        0..=3 => {
            let op = random.pick(&["+=", "-=", "&=", "|=", "^=", "*=", "&="]);
            writeln!(text, "\t{width}{a} {op} {value}")
        }
        4 | 5 => {
            let op = random.pick(&["+=", "-=", "&=", "|=", "^=", "*=", "=", "=", "/=", "%="]);
            writeln!(text, "\t{width}{a} {op} {width}{b}")
        }
        6 => {
            let op = random.pick(&["<<=", ">>=", "s>>="]);
            let count = random.below(if width == "r" { 64 } else { 32 });
            writeln!(text, "\t{width}{a} {op} {count}")
        }
        7..=10 => {
            let op =
                random.pick(&["==", "!=", ">", ">=", "<", "<=", "s>", "s>=", "s<", "s<=", "&"]);
            let to = match random.below(2) {
                0 => "out".to_owned(),
                _ => {
                    let label = (step + 1 + random.below(4)).min(n_steps);
                    if !labels.contains(&label) {
                        labels.push(label);
                        labels.sort_unstable();
                    }
                    format!("L{label}")
                }
            };
            match random.below(3) {
                0 => writeln!(text, "\tif {width}{a} {op} {width}{b} goto {to}"),
                _ => writeln!(text, "\tif {width}{a} {op} {value} goto {to}"),
            }
        }
        11 => {
            let size = random.pick(&["u8", "u16", "u32", "u64"]);
            writeln!(text, "\t*({size} *)(r10 - {slot}) = r{a}")
        }
        12 => {
            let size = random.pick(&["u8", "u32", "u64", "u64"]);
            writeln!(text, "\tr{a} = *({size} *)(r10 - {slot})")
        }
        13 | 14 => {
            let size = random.pick(&["u8", "u16", "u32", "u64"]);
            let base = random.pick(&["7", "7", "7", "8"]);
            let off = random.below(24);
            let sign = random.pick(&["+", "+", "+", "-"]);
            writeln!(text, "\tr1 = r{base}\n\tr1 += r{a}\n\tr{b} = *({size} *)(r1 {sign} {off})")
        }
        15 => {
            let size = random.pick(&["u8", "u32", "u64"]);
            let (base, off) = (random.pick(&["10", "10", "7"]), 8 * random.below(4));
            writeln!(text, "\tr1 = r{base}\n\tr1 += r{a}\n\t{}", memory(random, size, off, b))
        }
        16 | 17 => {
            let size = random.pick(&["u32", "u64"]);
            let (base, off) = (random.pick(&["10", "7"]), 8 * random.below(4));
            writeln!(text, "\tr1 = r{base}\n\t{}", memory(random, size, off, b))
        }
        _ => {
            let (min, size) = (random.below(64), random.pick(&["u8", "u32", "u64"]));
            writeln!(text, "\t*({size} *)(r7 + {min}) = r{a}")
        }
    };
}

/// An access to what r1 points near.
fn memory(random: &mut Random, size: &str, off: u64, reg: &str) -> String {
    let sign = random.pick(&["+", "-"]);
    let place = format!("({size} *)(r1 {sign} {off})");
    let reg = if size == "u64" { format!("r{reg}") } else { format!("w{reg}") };
    let op = random.pick(&["add", "or", "xor", "and"]);
    match (size, random.below(4)) {
        ("u8", 0 | 1) | (_, 0) => format!("*{place} = {}", reg.replace('w', "r")),
        ("u8", _) | (_, 1) => format!("{} = *{place}", reg.replace('w', "r")),
        (_, 2) => format!("lock *{place} {} {reg}", random.pick(&["+=", "|=", "^=", "&="])),
        _ => format!("{reg} = atomic_fetch_{op}({place}, {reg})"),
    }
}

#[test]
fn verdicts_are_those_of_the_kernel() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let running = match kernel::kernel() {
        Ok(running) => running,
        Err(reason) => return kernel::skip(&reason),
    };
    let n_programs: u64 = number("BPFC_RANDOM").unwrap_or(150);
    let seed = number("BPFC_RANDOM_SEED").unwrap_or(1);
    let scratch = kernel::Scratch::new("random");
    let options = VerifyOptions { kernel: Some(running), ..VerifyOptions::default() };
    let (mut differences, mut n_accepted) = (Vec::new(), 0);
    let first = number("BPFC_RANDOM_FIRST").unwrap_or(0);
    for n in first..first + n_programs {
        let text = program(&mut Random(seed * 1_000_003 + n));
        let maps = vec![assembly::map("table hash 4 64 16")];
        let assembled = assembly::object("random.s", &text, "xdp", maps).unwrap();
        let linked = link(&assembled.object, FuncId::new(0)).unwrap();
        let sources = &assembled.session.sources;
        let report = verify(&assembled.object, &linked, &options, sources);
        let says = kernel::load(&scratch, &assembled.object, FuncId::new(0));
        n_accepted += u32::from(says.is_ok());
        match (report.verdict, says) {
            (Verdict::Accepted, Err(log)) => {
                differences.push(format!("program {n}: only the kernel refuses\n{text}\n{log}"));
            }
            (Verdict::Rejected, Ok(())) => {
                let report = format!("{:#?}", report.diagnostics);
                differences.push(format!("program {n}: only the kernel accepts\n{text}\n{report}"));
            }
            (Verdict::Rejected, Err(log)) => {
                let differs = kernel::code_differs(&report.diagnostics[0], &log);
                differences.extend(differs.map(|why| format!("program {n}: {why}\n{text}")));
            }
            (Verdict::Accepted, Ok(())) => {}
        }
    }
    eprintln!("{n_programs} programs, {n_accepted} accepted, {} differences", differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
