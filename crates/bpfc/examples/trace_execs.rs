//! Prints the programs that this machine starts, for a second; needs root.

#![forbid(unsafe_code)]

use bpfc::{Event, Program};
use std::time::Duration;

const SOURCE: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 65536);
} execs SEC(".maps");

struct exec { __u32 pid; char comm[16]; };

SEC("raw_tp/sched_process_exec") int on_exec(void *ctx)
{
    struct exec *e = bpf_ringbuf_reserve(&execs, sizeof(*e), 0);
    if (!e)
        return 0;
    e->pid = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(e->comm, sizeof(e->comm));
    bpf_ringbuf_submit(e, 0);
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let attached = Program::compile(SOURCE)?.check()?.load()?.attach()?;
    let events = attached.events("execs")?.for_at_most(Duration::from_secs(1));
    let mut child = std::process::Command::new("true").spawn()?;
    for event in events {
        let Event::Record { data, .. } = event? else { continue };
        let (pid, comm) = data.split_at(4);
        println!("{:>7} {}", u32::from_ne_bytes(pid.try_into()?), String::from_utf8_lossy(comm));
    }
    child.wait()?;
    Ok(())
}
