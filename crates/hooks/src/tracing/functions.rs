//! Kernel functions.

use super::{call, of_getpgid};
use crate::{Hook, Problem, Stage};

pub const HOOKS: &[Hook] = &[
    Hook {
        name: "kprobe",
        source: include_str!("../../../../examples/hooks/kprobe.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "kprobe, inside a function",
        source: include_str!("../../../../examples/hooks/kprobe.c"),
        attempt: inside,
    },
    Hook {
        name: "kretprobe",
        source: include_str!("../../../../examples/hooks/kretprobe.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "ksyscall",
        source: include_str!("../../../../examples/hooks/ksyscall.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "kretsyscall",
        source: include_str!("../../../../examples/hooks/kretsyscall.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "kprobe.multi",
        source: include_str!("../../../../examples/hooks/kprobe_multi.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "kretprobe.multi",
        source: include_str!("../../../../examples/hooks/kretprobe_multi.c"),
        attempt: of_getpgid,
    },
    Hook {
        name: "kprobe.session",
        source: include_str!("../../../../examples/hooks/kprobe_session.c"),
        attempt: session,
    },
    Hook {
        name: "kprobe, limit of a pattern",
        source: include_str!("../../../../examples/hooks/kprobe.c"),
        attempt: limit,
    },
];

fn inside(stage: &Stage) -> Result<(), Problem> {
    // Where the first instruction, a call for tracers, ends; not all machines have one.
    let outcome = stage.at("kprobe:security_task_getpgid+0x5", call);
    match outcome {
        Err(Problem::Lacking(why)) if why.contains("EILSEQ") => {
            stage.at("kprobe:security_task_getpgid+0x0", call)
        }
        outcome => outcome,
    }
}

/// A call is seen twice.
fn session(stage: &Stage) -> Result<(), Problem> {
    let loaded = stage.load()?;
    let links = stage.attach_all(&loaded)?;
    let before = stage.variable(&loaded, "seen")?;
    call()?;
    let seen = stage.variable(&loaded, "seen")? - before;
    drop(links);
    match seen {
        2.. => Ok(()),
        seen => Err(Problem::Wrong(format!("the program ran {seen} times"))),
    }
}

/// More functions than allowed are refused; with a limit that suffices they are attached.
fn limit(stage: &Stage) -> Result<(), Problem> {
    let spec = "kprobe:security_task_get*";
    match stage.at(&format!("{spec},limit=1"), call) {
        Err(Problem::Lacking(why)) if why.contains("more than the limit of 1") => {}
        Err(problem) => return Err(problem),
        Ok(()) => return Err(Problem::Wrong("the limit is not kept".to_owned())),
    }
    stage.at(&format!("{spec},limit=50"), call)
}
