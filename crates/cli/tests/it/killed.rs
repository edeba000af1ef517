//! `kill -9` at any moment: nothing of a run stays behind.

use crate::kernel::may_load;
use crate::shell::Shell;
use bpfc_loader::{KernelProgram, Map, ObjectKind};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Names that only this test gives.
const NAMES: [&str; 4] = ["kl_raw", "kl_switch", "kl_packet", "kl_map"];

const SOURCE: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } kl_map SEC(".maps");
SEC("raw_tp/sys_enter") int kl_raw(void *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	bpf_ringbuf_output(&kl_map, &id, sizeof(id), 0);
	return 0;
}
SEC("tp/sched/sched_switch") int kl_switch(void *ctx) { return 0; }
SEC("tcx/ingress") int kl_packet(struct __sk_buff *skb) { return TCX_NEXT; }
char LICENSE[] SEC("license") = "GPL";
"#;

/// What of ours is in the kernel, by the names that the kernel keeps.
fn left() -> BTreeSet<String> {
    let kernel = bpfc_loader::Kernel::new();
    let programs = ObjectKind::Program.ids().expect("root may list").into_iter();
    let programs = programs.filter_map(|id| KernelProgram::open(id).ok().flatten());
    let maps = ObjectKind::Map.ids().expect("root may list").into_iter();
    let maps = maps.filter_map(|id| Map::open_id(id, &kernel).ok().flatten());
    let names = programs.map(|program| program.name).chain(maps.map(|map| map.name().to_owned()));
    names.filter(|name| NAMES.contains(&name.as_str())).collect()
}

#[test]
fn a_hundred_killed_runs_leave_nothing_attached() {
    if !may_load() {
        return;
    }
    let shell = Shell::new();
    let file = shell.folder().join("kl.c");
    std::fs::write(&file, SOURCE).expect("writable");
    let start = || {
        let mut command = shell.command(env!("CARGO_BIN_EXE_bpfc"));
        command.args(["run", "--kernel", "--attach", "kl_packet=tcx:lo:ingress"]).arg(&file);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        child.expect("bpfc starts")
    };
    // How long it takes to be attached.
    let begin = Instant::now();
    let mut first = start();
    let lines = BufReader::new(first.stderr.take().expect("piped")).lines();
    assert_eq!(
        lines
            .take(3)
            .filter(|line| line.as_ref().is_ok_and(|line| line.contains("attached")))
            .count(),
        3
    );
    let whole = begin.elapsed();
    first.kill().and_then(|()| first.wait()).expect("it can be killed");
    let (mut n_seen, mut n_attached) = (0, 0);
    for round in 0..100_u32 {
        let mut child = start();
        // From before it has read the file to after it is attached.
        std::thread::sleep(whole * (round * 7919 % 130) / 100);
        if round % 10 == 0 {
            n_seen += usize::from(!left().is_empty());
        }
        child.kill().expect("it can be killed");
        let said = child.wait_with_output().expect("it ends").stderr;
        n_attached += usize::from(String::from_utf8_lossy(&said).contains("kl_switch: attached"));
    }
    // Links and perf events close with the process; the kernel frees programs a moment later.
    let patience = Instant::now() + Duration::from_secs(30);
    while !left().is_empty() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(left(), BTreeSet::new());
    println!("  {n_attached} of 100 were attached, {n_seen} of 10 looks saw something");
    assert!(n_attached > 0 && n_attached < 100, "{n_attached} of 100 were attached");
}
