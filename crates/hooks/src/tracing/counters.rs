//! Counters of the kernel and the processor.

use crate::{Hook, Problem, Stage};

const SOURCE: &str = include_str!("../../../../examples/hooks/perf_event.c");

pub const HOOKS: &[Hook] = &[
    Hook { name: "perf event, CPU clock", source: SOURCE, attempt: clock },
    Hook { name: "perf event, software", source: SOURCE, attempt: switches },
    Hook { name: "perf event, of a process", source: SOURCE, attempt: of_process },
    Hook { name: "perf event, hardware", source: SOURCE, attempt: cycles },
    Hook { name: "perf event, cache", source: SOURCE, attempt: cache },
    Hook { name: "perf event, raw", source: SOURCE, attempt: raw },
];

/// Keeps the processor busy.
fn work() -> Result<(), Problem> {
    let mut sum = 0_u64;
    for n in 0..200_000_u64 {
        sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(n));
    }
    Ok(())
}

/// Gives the processor to others.
fn pause() -> Result<(), Problem> {
    std::thread::sleep(std::time::Duration::from_millis(1));
    Ok(())
}

fn clock(stage: &Stage) -> Result<(), Problem> {
    stage.at("perf_event:999", work)
}

fn switches(stage: &Stage) -> Result<(), Problem> {
    stage.at("perf_event:context-switches:p1", pause)
}

fn of_process(stage: &Stage) -> Result<(), Problem> {
    let own = nix::unistd::getpid();
    stage.at(&format!("perf_event:task-clock:999,pid={own}"), work)
}

fn cycles(stage: &Stage) -> Result<(), Problem> {
    stage.at("perf_event:cycles:p100000", work)
}

fn cache(stage: &Stage) -> Result<(), Problem> {
    stage.at("perf_event:L1-dcache-loads:p10000", work)
}

/// Event 0xc0 is instructions on the processors of Intel and AMD.
fn raw(stage: &Stage) -> Result<(), Problem> {
    stage.at("perf_event:rc0:p100000", work)
}
