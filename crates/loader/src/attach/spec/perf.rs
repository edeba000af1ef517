//! Counters by the names that `perf list` has for them, and how often they run a program.

use super::options::number;
use std::fmt;

/// A counter of the kernel or the processor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// One of the kernel's: `cpu-clock`, `page-faults`, ….
    Software(&'static str, u64),
    /// One that processors have in common: `cycles`, `instructions`, ….
    Hardware(&'static str, u64),
    /// One of a cache: `L1-dcache-load-misses`, ….
    Cache(String, u64),
    /// The processor's own: `r01c2`.
    Raw(u64),
}

/// How often a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleRate {
    /// So many times a second: `99`.
    Frequency(u64),
    /// Once in so many events: `p100000`.
    Period(u64),
}

/// Samples a second where none are asked for: not a multiple of usual periods.
const DEFAULT_HZ: u64 = 99;

/// `enum perf_sw_ids`, `include/uapi/linux/perf_event.h` (6.12); the first name of each is shown.
const SOFTWARE: [(&str, u64); 16] = [
    ("cpu-clock", 0),
    ("task-clock", 1),
    ("page-faults", 2),
    ("faults", 2),
    ("context-switches", 3),
    ("cs", 3),
    ("cpu-migrations", 4),
    ("migrations", 4),
    ("minor-faults", 5),
    ("major-faults", 6),
    ("alignment-faults", 7),
    ("emulation-faults", 8),
    ("dummy", 9),
    ("bpf-output", 10),
    ("cgroup-switches", 11),
    ("cpu_clock", 0),
];

/// `enum perf_hw_id`.
const HARDWARE: [(&str, u64); 12] = [
    ("cycles", 0),
    ("cpu-cycles", 0),
    ("instructions", 1),
    ("cache-references", 2),
    ("cache-misses", 3),
    ("branches", 4),
    ("branch-instructions", 4),
    ("branch-misses", 5),
    ("bus-cycles", 6),
    ("stalled-cycles-frontend", 7),
    ("stalled-cycles-backend", 8),
    ("ref-cycles", 9),
];

/// `enum perf_hw_cache_id`.
const CACHES: [(&str, u64); 7] = [
    ("L1-dcache", 0),
    ("L1-icache", 1),
    ("LLC", 2),
    ("dTLB", 3),
    ("iTLB", 4),
    ("branch", 5),
    ("node", 6),
];

/// `enum perf_hw_cache_op_id`, with what follows for the accesses and for the misses.
const OPERATIONS: [(&str, u64); 6] =
    [("loads", 0), ("load", 0), ("stores", 1), ("store", 1), ("prefetches", 2), ("prefetch", 2)];

/// Reads `EVENT[:RATE]`, or a rate alone, which means the CPU clock.
pub(super) fn parse(text: &str) -> Result<(Counter, SampleRate), String> {
    let clock = Counter::Software("cpu-clock", 0);
    if text.is_empty() {
        return Ok((clock, SampleRate::Frequency(DEFAULT_HZ)));
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok((clock, rate(text)?));
    }
    let (name, given) = match text.split_once(':') {
        Some((name, given)) => (name, Some(rate(given)?)),
        None => (text, None),
    };
    let counter = counter(name)?;
    let rate = given.unwrap_or(counter.default_rate());
    Ok((counter, rate))
}

fn rate(text: &str) -> Result<SampleRate, String> {
    let positive = |text: &str| number(text).filter(|number| *number > 0);
    let found = match text.strip_prefix('p') {
        Some(period) => positive(period).map(SampleRate::Period),
        None => positive(text.strip_suffix("hz").unwrap_or(text)).map(SampleRate::Frequency),
    };
    found.ok_or_else(|| format!("`{text}` is no frequency such as 99 and no period such as p1000"))
}

fn counter(name: &str) -> Result<Counter, String> {
    let of = |table: &[(&'static str, u64)]| {
        let (_, config) = table.iter().find(|(other, _)| *other == name)?;
        table.iter().find(|(_, other)| other == config).copied()
    };
    if let Some((name, config)) = of(&SOFTWARE) {
        return Ok(Counter::Software(name, config));
    }
    if let Some((name, config)) = of(&HARDWARE) {
        return Ok(Counter::Hardware(name, config));
    }
    if let Some((category, event)) = name.split_once('/') {
        return Err(format!(
            "programs at counters take no tracepoint: it is `tp:{category}:{event}`"
        ));
    }
    if let Some(config) = cache(name) {
        return Ok(Counter::Cache(name.into(), config));
    }
    let raw = name.strip_prefix('r').and_then(|hex| u64::from_str_radix(hex, 16).ok());
    if let Some(config) = raw {
        return Ok(Counter::Raw(config));
    }
    let names = SOFTWARE.iter().chain(&HARDWARE).map(|(name, _)| *name);
    Err(match bpfc_base::similar::most_similar(name, names) {
        Some(similar) => format!("`{name}` is no counter; did you mean `{similar}`?"),
        None => format!("`{name}` is no counter"),
    })
}

/// `CACHE-OPERATION` or `CACHE-OPERATION-misses`.
fn cache(name: &str) -> Option<u64> {
    let (cache, rest) = CACHES
        .iter()
        .find_map(|(cache, id)| Some((*id, name.strip_prefix(cache)?.strip_prefix('-')?)))?;
    let (operation, result) = match rest.strip_suffix("-misses") {
        Some(operation) => (operation, 1),
        None => (rest, 0),
    };
    let (_, operation) = OPERATIONS.iter().find(|(other, _)| *other == operation)?;
    Some(cache | operation << 8 | result << 16)
}

impl Counter {
    /// The counter with these numbers (`type` and `config` of `struct perf_event_attr`), if programs can run by it.
    pub fn of(ty: u32, config: u64) -> Option<Counter> {
        let named = |table: &[(&'static str, u64)]| {
            table.iter().find(|(_, other)| *other == config).copied()
        };
        match ty {
            0 => named(&HARDWARE).map(|(name, config)| Counter::Hardware(name, config)),
            1 => named(&SOFTWARE).map(|(name, config)| Counter::Software(name, config)),
            3 => Some(Counter::Cache(format!("cache-{config:#x}"), config)),
            4 => Some(Counter::Raw(config)),
            _ => None,
        }
    }

    /// Clocks and cycles by time; what is rare, each time.
    fn default_rate(&self) -> SampleRate {
        match self {
            Counter::Software("cpu-clock" | "task-clock", _)
            | Counter::Hardware(..)
            | Counter::Cache(..)
            | Counter::Raw(_) => SampleRate::Frequency(DEFAULT_HZ),
            Counter::Software(..) => SampleRate::Period(1),
        }
    }

    /// Whether it is of the processor, which a virtual machine may not have.
    pub(crate) fn is_of_processor(&self) -> bool {
        matches!(self, Counter::Hardware(..) | Counter::Cache(..) | Counter::Raw(_))
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Counter::Software(name, _) | Counter::Hardware(name, _) => write!(f, "{name}"),
            Counter::Cache(name, _) => write!(f, "{name}"),
            Counter::Raw(config) => write!(f, "r{config:x}"),
        }
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SampleRate::Frequency(hz) => write!(f, "{hz}"),
            SampleRate::Period(n) => write!(f, "p{n}"),
        }
    }
}
