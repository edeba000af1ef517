//! Reads the text that the kernel's verifier writes at log level 1.
//!
//! The format is made for people and changes between releases; what is relied on is old and
//! stable: an instruction is printed as `12: (85) call bpf_map_lookup_elem#1` before it is
//! checked, registers as `R1=ctx(…)`, source lines after `; `, and what is wrong last.

use std::collections::BTreeMap;

/// What a log says about the place where the verifier gave up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ParsedLog {
    /// The slot of the instruction it last looked at, or that the message names.
    pub slot: Option<u32>,
    /// The kernel's words, without progress reports, statistics and register dumps.
    pub messages: Vec<String>,
    /// What it last knew of each register, by number.
    pub registers: BTreeMap<u8, String>,
    /// The kernel's own explanation (7.3): what it could not prove, in one paragraph.
    pub reason: Option<String>,
    /// What it suggests (7.3).
    pub suggestion: Option<String>,
    /// The slot of an instruction that the message names beside the failing one, as in
    /// `alloc_insn=5`.
    pub origin: Option<u32>,
}

/// Reads a log, from its start or from its middle if its start was dropped.
pub(super) fn parse(log: &str) -> ParsedLog {
    let mut parsed = ParsedLog::default();
    // Since 7.3 a report in sections follows the message.
    let (log, report) = match log.split_once(REPORT) {
        Some((log, report)) => (log, report),
        None => (log, ""),
    };
    parsed.reason = section(report, "Reason:");
    parsed.suggestion = section(report, "Suggestion:");
    for line in log.lines() {
        let line = line.trim_end_matches('\0');
        match classify(line) {
            Line::Insn { slot, states } => {
                parsed.slot = Some(slot);
                parsed.messages.clear();
                note_states(&mut parsed.registers, states);
            }
            Line::State { states } => {
                parsed.messages.clear();
                note_states(&mut parsed.registers, states);
            }
            Line::Noise => {}
            Line::Message(text) => parsed.messages.push(text.to_owned()),
        }
    }
    let text = parsed.messages.join("\n");
    if let Some(slot) = number_after(&text, "at insn ").or(match parsed.slot {
        None => number_after(&text, "insn "),
        Some(_) => None,
    }) {
        parsed.slot = Some(slot);
    }
    parsed.origin = number_after(&text, "alloc_insn=");
    parsed
}

/// How the report begins: `Verification failed: CATEGORY: TITLE`.
const REPORT: &str = "\nVerification failed: ";

/// The indented lines below a heading as one paragraph.
fn section(report: &str, heading: &str) -> Option<String> {
    let below = report.lines().skip_while(|line| *line != heading).skip(1);
    let lines: Vec<&str> = below.take_while(|line| line.starts_with(' ')).map(str::trim).collect();
    (!lines.is_empty()).then(|| lines.join(" "))
}

enum Line<'a> {
    /// `3: (bf) r2 = r10  ; R2_w=fp0`
    Insn { slot: u32, states: &'a str },
    /// `3: R1=ctx() R10=fp0` or `from 3 to 7: R0=…`
    State { states: &'a str },
    /// Progress, statistics, source lines.
    Noise,
    /// Anything else.
    Message(&'a str),
}

/// Beginnings of lines that do not say what is wrong.
const NOISE: &[&str] = &[
    ";",
    "processed ",
    "verification time ",
    "stack depth ",
    "mark_precise:",
    "last_idx ",
    "regs=",
    "parent ",
    "propagating ",
    "func#",
    "arg#",
    "Validating ",
    "Func#",
    "Global function ",
    "caller:",
    " frame",
    "callee:",
    "returning from callee:",
    "to caller at ",
    "to callee at ",
    "cur state:",
    "old state:",
    "Live regs before insn:",
    "BPF_PROG_LOAD",
    "-- BEGIN",
    "-- END",
    "=====",
];

fn classify(line: &str) -> Line<'_> {
    let text = line.trim_start();
    if text.is_empty() || NOISE.iter().any(|start| line.starts_with(start)) {
        return Line::Noise;
    }
    if let Some(rest) = text.strip_prefix("from ")
        && let Some((places, states)) = rest.split_once(':')
        && places.contains(" to ")
    {
        return Line::State { states };
    }
    if let Some((number, rest)) = text.split_once(": ")
        && let Ok(slot) = number.parse()
    {
        let rest = rest.trim_start();
        return match rest.strip_prefix('(') {
            Some(_) => {
                Line::Insn { slot, states: rest.split_once("; ").map_or("", |(_, states)| states) }
            }
            None => Line::State { states: rest },
        };
    }
    if is_state(text) {
        return Line::State { states: text };
    }
    Line::Message(text)
}

/// Whether a line consists of registers, as in `R0=scalar() R10=fp0`.
fn is_state(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or("");
    first.split_once('=').is_some_and(|(name, _)| register(name).is_some())
}

/// `R3`, `R3_w`, `R3_rwD`: the register's number.
fn register(name: &str) -> Option<u8> {
    let rest = name.strip_prefix('R')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let is_mark = |c: char| c == '_' || c.is_ascii_alphabetic();
    if !rest[end..].chars().all(is_mark) {
        return None;
    }
    rest[..end].parse().ok().filter(|number| *number <= 10)
}

fn note_states(registers: &mut BTreeMap<u8, String>, states: &str) {
    for word in words(states) {
        if let Some((name, state)) = word.split_once('=')
            && let Some(number) = register(name)
            && !state.is_empty()
        {
            registers.insert(number, state.to_owned());
        }
    }
}

/// Words separated by blanks that are not in parentheses.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    text.split(move |c: char| {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ' ' && depth == 0
    })
}

/// The number that follows `words` in `text`.
pub(super) fn number_after(text: &str, words: &str) -> Option<u32> {
    let (_, rest) = text.split_once(words)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
0: R1=ctx() R10=fp0
; long *v = lookup(&m, &k); @ a.c:4
0: (b7) r2 = 0                        ; R2_w=0
1: (85) call bpf_map_lookup_elem#1    ; R0_w=map_value_or_null(id=1,map=m,ks=4,vs=8)
; (*v)++; @ a.c:5
2: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
";

    #[test]
    fn finds_the_last_instruction() {
        let parsed = parse(LOG);
        assert_eq!(parsed.slot, Some(2));
        assert_eq!(parsed.messages, ["R0 invalid mem access 'map_value_or_null'"]);
        assert_eq!(parsed.registers[&0], "map_value_or_null(id=1,map=m,ks=4,vs=8)");
        assert_eq!(parsed.registers[&1], "ctx()");
    }

    #[test]
    fn finds_instructions_named_by_messages() {
        let log = "back-edge from insn 3 to 1\nprocessed 0 insns (limit 1000000)";
        assert_eq!(parse(log).slot, Some(3));
        let log = "7: (95) exit\nUnreleased reference id=2 alloc_insn=5\n";
        let parsed = parse(log);
        assert_eq!((parsed.slot, parsed.origin), (Some(7), Some(5)));
        let log = "4: (05) goto pc-1\ninfinite loop detected at insn 2\ncur state: R0=0\n";
        assert_eq!(parse(log).slot, Some(2));
    }

    #[test]
    fn reads_reports() {
        let log = "\
8: (db) lock *(u64 *)(r0 +0) += r1
R0 invalid mem access 'map_value_or_null'
Verification failed: Register Type Safety: Invalid dereference
Reason:
  R0 may be NULL here. The program could dereference NULL on this
  path.
At:
  prog @ test.s:8:1
  Source context:
  >>>  8 | lock *(u64 *)(r0 + 0) += r1
Suggestion:
  Add a NULL check.
processed 8 insns (limit 1000000)
";
        let parsed = parse(log);
        assert_eq!(parsed.slot, Some(8));
        assert_eq!(parsed.messages.len(), 1);
        let reason = "R0 may be NULL here. The program could dereference NULL on this path.";
        assert_eq!(parsed.reason.as_deref(), Some(reason));
        assert_eq!(parsed.suggestion.as_deref(), Some("Add a NULL check."));
    }

    #[test]
    fn reads_old_states_and_survives_garbage() {
        let log = "from 3 to 7: R0=inv(id=0) R6=pkt(id=0,off=14,r=14) R10=fp0\n7: (71) r0 = *(u8 *)(r6 +14)\nbad";
        let parsed = parse(log);
        assert_eq!(parsed.registers[&6], "pkt(id=0,off=14,r=14)");
        assert_eq!(parsed.messages, ["bad"]);
        for end in 0..LOG.len() {
            parse(&LOG[end..]);
        }
        parse("R: =\n99999999999: (\n; \n()))((");
    }
}
