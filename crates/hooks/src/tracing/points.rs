//! Tracepoints.

use super::{call, of_getpgid};
use crate::{Hook, Problem, Stage};
use bpfc_loader::TestInput;

pub const HOOKS: &[Hook] = &[
    Hook {
        name: "tracepoint",
        source: include_str!("../../../../examples/hooks/tracepoint.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "tracepoints by a pattern",
        source: include_str!("../../../../examples/hooks/tracepoint.c"),
        attempt: pattern,
    },
    Hook {
        name: "cookie",
        source: include_str!("../../../../examples/hooks/cookie.c"),
        attempt: cookie,
    },
    Hook {
        name: "raw tracepoint",
        source: include_str!("../../../../examples/hooks/raw_tracepoint.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "raw tracepoint, writable",
        source: include_str!("../../../../examples/hooks/raw_tracepoint_writable.c"),
        attempt: writable,
    },
    Hook {
        name: "typed tracepoint",
        source: include_str!("../../../../examples/hooks/tp_btf.c"),
        attempt: fork,
    },
];

fn pattern(stage: &Stage) -> Result<(), Problem> {
    stage.at("tp:syscalls:sys_enter_getp*", call)
}

fn cookie(stage: &Stage) -> Result<(), Problem> {
    stage.needs(5, 15)?;
    stage.at("tp:syscalls:sys_enter_getpgid,cookie=42", call)
}

/// A test run of the second program ends at the tracepoint of the first.
fn writable(stage: &Stage) -> Result<(), Problem> {
    let loaded = stage.load()?;
    let link = stage.attach(&loaded, "raw_tp:bpf_test_finish")?;
    stage.sees(&loaded, || {
        let input = TestInput { data: &[0; 64], ..TestInput::default() };
        Ok(loaded.programs[1].test_run(&input).map(|_| ())?)
    })?;
    Ok(link.detach()?)
}

fn fork(stage: &Stage) -> Result<(), Problem> {
    stage.by_section(|| {
        let ended = std::thread::spawn(|| {}).join();
        ended.map_err(|_| Problem::Wrong("a thread cannot be started".to_owned()))
    })
}
