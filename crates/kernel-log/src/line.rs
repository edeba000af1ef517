//! What one line of a log is.

use crate::SourceLine;

/// A line.
pub enum Line<'a> {
    /// `3: (bf) r2 = r10  ; R2_w=fp0`
    Insn {
        /// The instruction's slot.
        slot: u32,
        /// From the opcode on.
        text: &'a str,
        /// Registers after it.
        states: &'a str,
    },
    /// `3: R1=ctx() R10=fp0` or `from 3 to 7: R0=…`
    State {
        /// Registers.
        states: &'a str,
        /// For the second form, from where to where.
        jump: Option<(u32, u32)>,
    },
    /// `; value = *v; @ a.c:12`
    Source(SourceLine),
    /// Here the log of a program ends: `processed 12 insns …`.
    End,
    /// Here one begins; perhaps with the program's name.
    Begin(Option<&'a str>),
    /// Progress, statistics, what loaders say.
    Noise,
    /// Anything else.
    Message(&'a str),
}

/// Beginnings of lines that do not say what is wrong.
const NOISE: &[&str] = &[
    "verification time ",
    "stack depth ",
    "mark_precise:",
    "force_precise:",
    "last_idx ",
    "first_idx ",
    "regs=",
    "stack=",
    "parent ",
    "propagating ",
    "func#",
    "Validating ",
    "caller:",
    "callee:",
    "returning from callee:",
    "to caller at ",
    "to callee at ",
    "cur state:",
    "old state:",
    "Live regs before insn:",
    "max_states_per_insn ",
    "peak_states ",
    "BPF_PROG_LOAD",
    "-- END",
    "END PROG LOAD LOG",
    "=====",
    "failed to load program ",
    "failed to load object ",
    "failed to load BPF skeleton ",
    "failed to load: ",
    "failed to open ",
    "Note, BPF_LSM_CGROUP",
    "Failed to load program",
    "Permission denied",
    "Invalid argument",
    "Traceback (most recent call last)",
    "```",
    "<pre",
    "</pre",
];

/// What `line` is, from which everything around it was taken.
pub fn classify(line: &str) -> Line<'_> {
    if let Some(text) = line.strip_prefix(';') {
        return Line::Source(source(text.trim()));
    }
    if line.starts_with("processed ") && line.contains(" insns") {
        return Line::End;
    }
    if let Some(begin) = begin(line) {
        return begin;
    }
    if line.is_empty()
        || NOISE.iter().any(|start| line.starts_with(start))
        || is_contract(line)
        || line.starts_with("frame ") && line.contains(": propagating ")
    {
        return Line::Noise;
    }
    if let Some(rest) = line.strip_prefix("from ")
        && let Some((places, states)) = rest.split_once(':')
        && let Some((from, to)) = places.split_once(" to ")
    {
        let to = to.split(' ').next().unwrap_or(to);
        let jump = from.parse().ok().zip(to.parse().ok());
        return Line::State { states, jump };
    }
    if let Some((number, rest)) = line.split_once(": ")
        && let Ok(slot) = number.parse()
    {
        let rest = rest.trim_start();
        if !rest.starts_with('(') {
            return Line::State { states: rest, jump: None };
        }
        let (text, states) = rest.split_once("; ").unwrap_or((rest, ""));
        return Line::Insn { slot, text: text.trim_end(), states };
    }
    if is_state(line) {
        return Line::State { states: line, jump: None };
    }
    Line::Message(line)
}

/// What loaders say before a log.
fn begin(line: &str) -> Option<Line<'_>> {
    if let Some(rest) = line.strip_prefix("prog '") {
        // libbpf: `prog 'x': BPF program load failed`, `prog 'x': -- BEGIN PROG LOAD LOG --`.
        let (name, rest) = rest.split_once('\'')?;
        return Some(match rest.contains("BEGIN") || rest.contains("load failed") {
            true => Line::Begin(Some(name)),
            false => Line::Noise,
        });
    }
    if line.contains("BEGIN PROG LOAD LOG") {
        return Some(Line::Begin(None));
    }
    // cilium/ebpf: `field Count: program count: load program: permission denied:`.
    if line.contains("load program: ") && line.ends_with(':') {
        let name = line.split_once("program ").and_then(|(_, rest)| rest.split_once(':'));
        return Some(Line::Begin(name.map(|(name, _)| name).filter(|name| is_name(name))));
    }
    None
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `Func#1 ('f') is global and assumed valid.`, `Func#1 ('f') is safe for any args …`
fn is_contract(line: &str) -> bool {
    (line.starts_with("Func#") || line.starts_with("Global function "))
        && (line.contains("assumed valid") || line.contains("is safe for any args"))
}

/// Whether a line consists of registers, as in `R0=scalar() R10=fp0` or `frame1: R1=ctx()`.
fn is_state(text: &str) -> bool {
    let text = match text.split_once(": ") {
        Some((frame, rest)) if frame.starts_with("frame") => rest,
        _ => text,
    };
    let first = text.split(' ').next().unwrap_or("");
    first.split_once('=').is_some_and(|(name, _)| {
        register(name).is_some() || name.strip_prefix("fp-").is_some_and(|rest| !rest.is_empty())
    })
}

/// `R3`, `R3_w`, `R3_rwD`: the register's number.
pub fn register(name: &str) -> Option<u8> {
    let rest = name.strip_prefix('R')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let is_mark = |c: char| c == '_' || c.is_ascii_alphabetic();
    if !rest[end..].chars().all(is_mark) {
        return None;
    }
    rest[..end].parse().ok().filter(|number| *number <= 10)
}

/// A source line as the kernel (`text @ file.c:12`), bpftool (`text [file:a.c line_num:4 linum_col:5]`) and BCC
/// (`text // file.c:12`) show it.
pub fn source(text: &str) -> SourceLine {
    let plain = |text: &str| SourceLine { text: text.trim().to_owned(), ..SourceLine::default() };
    if let Some((text, place)) = text.rsplit_once(" [file:")
        && let Some((file, rest)) = place.split_once(" line_num:")
    {
        let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        let line = numbers.next().and_then(|number| number.parse().ok());
        let column = numbers.next().and_then(|number| number.parse().ok());
        return SourceLine { file: Some(file.to_owned()), line, column, ..plain(text) };
    }
    for mark in [" @ ", " // "] {
        if let Some((text, place)) = text.rsplit_once(mark)
            && let Some((file, line)) = place.trim().rsplit_once(':')
            && let Ok(line) = line.trim().parse()
        {
            return SourceLine { file: Some(file.to_owned()), line: Some(line), ..plain(text) };
        }
    }
    if let Some((text, number)) = text.rsplit_once(" // Line ")
        && let Ok(line) = number.trim().parse()
    {
        return SourceLine { line: Some(line), ..plain(text) };
    }
    plain(text.strip_prefix("@ ").unwrap_or(text))
}
