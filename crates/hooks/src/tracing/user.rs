//! Functions and markers of processes.

use crate::tiny::Tiny;
use crate::{Hook, Problem, Stage};
use bpfc::{Options, UsdtLocation, UsdtProbe};
use bpfc_object::UsdtNote;

pub const HOOKS: &[Hook] = &[
    Hook {
        name: "uprobe",
        source: include_str!("../../../../examples/hooks/uprobe.c"),
        attempt: entry,
    },
    Hook {
        name: "uprobe, by offset",
        source: include_str!("../../../../examples/hooks/uprobe.c"),
        attempt: offset,
    },
    Hook {
        name: "uretprobe",
        source: include_str!("../../../../examples/hooks/uretprobe.c"),
        attempt: exit,
    },
    Hook {
        name: "uprobe.multi",
        source: include_str!("../../../../examples/hooks/uprobe_multi.c"),
        attempt: multi,
    },
    Hook {
        name: "uprobe.session",
        source: include_str!("../../../../examples/hooks/uprobe_session.c"),
        attempt: session,
    },
    Hook {
        name: "USDT",
        source: include_str!("../../../../examples/hooks/usdt.c"),
        attempt: marker,
    },
    Hook {
        name: "USDT, dialect of BCC",
        // The program is compiled for a file, which the attempt makes.
        source: include_str!("../../../../examples/hooks/usdt.c"),
        attempt: marker_of_bcc,
    },
];

fn at(stage: &Stage, name: &str, kind: &str, place: &str) -> Result<(), Problem> {
    let tiny = Tiny::write(name)?;
    let spec = format!("{kind}:{}:{place}", tiny.path().display());
    stage.at(&spec, || tiny.run().map(|_| ()))
}

fn entry(stage: &Stage) -> Result<(), Problem> {
    at(stage, "entry", "uprobe", "tiny_first")
}

fn offset(stage: &Stage) -> Result<(), Problem> {
    at(stage, "offset", "uprobe", "0x480")
}

fn exit(stage: &Stage) -> Result<(), Problem> {
    at(stage, "exit", "uretprobe", "tiny_first")
}

/// Both functions are seen, the second only by the pattern.
fn multi(stage: &Stage) -> Result<(), Problem> {
    at(stage, "multi", "uprobe.multi", "tiny_sec*")?;
    twice(stage, "uprobe.multi", "tiny_*")
}

fn session(stage: &Stage) -> Result<(), Problem> {
    twice(stage, "uprobe.session", "tiny_first")
}

/// Two events for each run.
fn twice(stage: &Stage, kind: &str, place: &str) -> Result<(), Problem> {
    let tiny = Tiny::write(kind)?;
    let spec = format!("{kind}:{}:{place}", tiny.path().display());
    let loaded = stage.load_for(&spec)?;
    let link = stage.attach(&loaded, &spec)?;
    tiny.run()?;
    let seen = stage.variable(&loaded, "seen")?;
    link.detach()?;
    match seen {
        2 => Ok(()),
        seen => Err(Problem::Wrong(format!("the program ran {seen} times"))),
    }
}

/// The arguments are right, and the program knows that it is watched as long as it is.
fn marker(stage: &Stage) -> Result<(), Problem> {
    let tiny = Tiny::write("marker")?;
    let watchers = |expected: i32| match tiny.run()? {
        counter if counter == expected => Ok(()),
        counter => Err(Problem::Wrong(format!("the marker counts {counter} watchers"))),
    };
    watchers(0)?;
    stage.at(&format!("usdt:{}:bpfc:tiny", tiny.path().display()), || watchers(1))?;
    watchers(0)
}

fn marker_of_bcc(_: &Stage) -> Result<(), Problem> {
    let tiny = Tiny::write("bcc")?;
    let file = tiny.path().display().to_string();
    let notes = bpfc::usdt_notes(&file, &std::fs::read(tiny.path())?);
    let notes = notes.map_err(|error| Problem::Wrong(error.message))?;
    let location =
        |note: UsdtNote| UsdtLocation { address: note.address, arguments: note.arguments };
    let locations = notes.into_iter().map(location).collect();
    let usdt = vec![UsdtProbe { function: "on_marker".to_owned(), locations }];
    let source = include_str!("../../../../examples/hooks/usdt_bcc.c");
    let stage = Stage::open_with(source, &Options { usdt, ..Options::default() })?;
    stage.at(&format!("usdt:{file}:bpfc:tiny"), || tiny.run().map(|_| ()))
}
