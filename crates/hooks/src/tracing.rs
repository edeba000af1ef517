//! Functions, tracepoints, clocks: what programs can watch without changing it.

use crate::{Hook, Problem, Stage};

pub const HOOKS: &[Hook] = &[
    Hook {
        name: "kprobe",
        source: include_str!("../../../examples/hooks/kprobe.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "tracepoint",
        source: include_str!("../../../examples/hooks/tracepoint.c"),
        attempt: of_getpgid,
    },
];

/// Programs on the system call `getpgid`, attached by their sections.
fn of_getpgid(stage: &Stage) -> Result<(), Problem> {
    stage.by_section(|| Ok(nix::unistd::getpgid(None).map(|_| ())?))
}
