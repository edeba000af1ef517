//! Objects of the kernel, one after the other.

use crate::{Hook, Problem, Stage};
use bpfc_kabi::UpdateFlag;
use std::io::Read;

pub const HOOKS: &[Hook] = &[
    Hook {
        name: "iterator, tasks",
        source: include_str!("../../../../examples/hooks/iter_task.c"),
        attempt: tasks,
    },
    Hook {
        name: "iterator, tasks of a process",
        source: include_str!("../../../../examples/hooks/iter_task.c"),
        attempt: own_tasks,
    },
    Hook {
        name: "iterator, maps",
        source: include_str!("../../../../examples/hooks/iter_bpf_map.c"),
        attempt: maps,
    },
    Hook {
        name: "iterator, elements of a map",
        source: include_str!("../../../../examples/hooks/iter_bpf_map_elem.c"),
        attempt: elements,
    },
];

/// What an iterator writes.
fn output(stage: &Stage, spec: &str) -> Result<String, Problem> {
    let loaded = stage.load_for(spec)?;
    if let Some(map) = loaded.map("squares") {
        for key in 1..=3_u32 {
            let value = u64::from(key * key).to_ne_bytes();
            map.update(&key.to_ne_bytes(), &value, UpdateFlag::Any)?;
        }
    }
    let link = stage.attach(&loaded, spec)?;
    let mut text = String::new();
    link.iterate()?.read_to_string(&mut text)?;
    if stage.variable(&loaded, "seen")? == 0 {
        return Err(Problem::Wrong("the program saw nothing".to_owned()));
    }
    link.detach()?;
    Ok(text)
}

fn expect(text: &str, is_right: bool) -> Result<(), Problem> {
    match is_right {
        true => Ok(()),
        false => Err(Problem::Wrong(format!("the iterator wrote {text:?}"))),
    }
}

fn tasks(stage: &Stage) -> Result<(), Problem> {
    let text = output(stage, "iter:task")?;
    let own = nix::unistd::gettid().to_string();
    expect(&text, text.lines().any(|line| line.split(' ').next() == Some(&*own)))
}

fn own_tasks(stage: &Stage) -> Result<(), Problem> {
    stage.needs(6, 1)?;
    let own = nix::unistd::getpid().to_string();
    let text = output(stage, &format!("iter:task,pid={own}"))?;
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    // Threads of other tests come and go.
    expect(
        &text,
        text.lines().any(|line| line.starts_with(&own)) && text.lines().count() < threads + 64,
    )
}

fn maps(stage: &Stage) -> Result<(), Problem> {
    let text = output(stage, "iter:bpf_map")?;
    // Where variables of the program are.
    expect(&text, text.contains(".bss"))
}

fn elements(stage: &Stage) -> Result<(), Problem> {
    let text = output(stage, "iter:bpf_map_elem,map=squares")?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    expect(&text, lines == ["1 1", "2 4", "3 9"])
}
