//! What loading and attaching costs comes back: descriptors, programs, maps, types, links, memory.

#![allow(clippy::unwrap_used, reason = "a test")]

use bpfc::{Attached, Program};
use bpfc_loader::{Kernel, KernelLink, KernelProgram, ObjectKind};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// One program for each way in which the kernel holds one: links, perf events, sockets.
const MANY: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1000); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } hits SEC(".maps");
__u64 total;
static int hit(void)
{
    __u32 key = bpf_get_smp_processor_id(), slot = key & 3;
    __u64 one = 1, *n = bpf_map_lookup_elem(&hits, &slot);
    if (n)
        *n += 1;
    bpf_map_update_elem(&seen, &key, &one, BPF_ANY);
    __sync_fetch_and_add(&total, 1);
    return 0;
}
SEC("raw_tp/sys_enter") int at_raw(void *ctx)
{
    __u64 id = bpf_get_current_pid_tgid();
    bpf_ringbuf_output(&events, &id, sizeof(id), 0);
    return hit();
}
SEC("tp/sched/sched_switch") int at_event(void *ctx) { return hit(); }
SEC("tp_btf/sched_switch") int at_typed(__u64 *ctx) { return hit(); }
SEC("perf_event") int at_clock(struct bpf_perf_event_data *ctx) { return hit(); }
SEC("tcx/ingress") int at_packet(struct __sk_buff *skb) { hit(); return TCX_NEXT; }
SEC("socket") int at_socket(struct __sk_buff *skb) { hit(); return 0; }
SEC("iter/task") int at_task(struct bpf_iter__task *ctx) { return hit(); }
char LICENSE[] SEC("license") = "GPL";
"#;

/// Loads and attaches everything; `None` where that is not allowed.
fn attached(elf: &[u8]) -> Option<Attached> {
    let places = [("at_clock", "perf_event:cpu-clock:200"), ("at_packet", "tcx:lo:ingress")];
    let mut compiled = Program::from_object("many.o", elf).unwrap();
    for (program, place) in places {
        compiled = compiled.attach_to(program, place).unwrap();
    }
    match compiled.unchecked().load().and_then(|loaded| loaded.attach()) {
        Ok(attached) => Some(attached),
        Err(error) => {
            assert!(std::env::var_os("BPFC_REQUIRE_KERNEL").is_none(), "{error}");
            bpfc_testkit::skipped(error);
            None
        }
    }
}

/// The numbers of everything that belongs to `attached`.
fn ids(attached: &Attached, kernel: &Kernel) -> BTreeSet<(ObjectKind, u32)> {
    let mut ids = BTreeSet::new();
    for program in attached.programs() {
        let program = KernelProgram::open(program.id().unwrap()).unwrap().unwrap();
        ids.insert((ObjectKind::Program, program.id));
        ids.extend(program.map_ids.iter().map(|id| (ObjectKind::Map, *id)));
        ids.extend(program.btf_id.map(|id| (ObjectKind::Types, id)));
    }
    for id in ObjectKind::Link.ids().unwrap() {
        // It may belong to somebody else, and be gone.
        let Ok(Some(link)) = KernelLink::open(id, kernel) else { continue };
        if ids.contains(&(ObjectKind::Program, link.program_id)) {
            ids.insert((ObjectKind::Link, id));
        }
    }
    ids
}

/// Those that the kernel still has.
fn alive(ids: &BTreeSet<(ObjectKind, u32)>) -> Vec<(ObjectKind, u32)> {
    let kinds = [ObjectKind::Program, ObjectKind::Map, ObjectKind::Types, ObjectKind::Link];
    let all = kinds.iter().flat_map(|kind| {
        let ids = kind.ids().unwrap().into_iter();
        ids.map(|id| (*kind, id))
    });
    all.filter(|id| ids.contains(id)).collect()
}

fn n_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Memory of this process that is not shared, in KiB.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_hundred_rounds_leave_nothing() {
    let kernel = Kernel::new();
    let elf = Program::compile(MANY).unwrap().check().unwrap().compiled().to_elf().unwrap();
    let Some(first) = attached(&elf) else { return };
    let of_first = ids(&first, &kernel);
    let n_of = |kind| of_first.iter().filter(|(other, _)| *other == kind).count();
    assert_eq!((n_of(ObjectKind::Program), n_of(ObjectKind::Types)), (7, 1));
    assert_eq!(n_of(ObjectKind::Map), 4);
    assert!(n_of(ObjectKind::Link) >= 5, "{of_first:?}");
    assert_eq!(alive(&of_first).len(), of_first.len());
    let mut gone = of_first;
    drop(first);
    // What is made once and kept: types of the kernel, its symbols.
    let mut before = None;
    for round in 0..100 {
        if round == 10 {
            before = Some((n_descriptors(), memory()));
        }
        let attached = attached(&elf).unwrap();
        gone.extend(ids(&attached, &kernel));
        let mut events = attached.events("events").unwrap();
        assert!(events.next_within(Duration::from_secs(5)).unwrap().is_some());
        match round % 2 {
            0 => drop(attached.detach().unwrap()),
            _ => drop(attached),
        }
    }
    let (n_before, memory_before) = before.unwrap();
    let (n_after, memory_after) = (n_descriptors(), memory());
    // Under `cargo test` other tests of this process have descriptors and memory of their own.
    if std::env::var_os("NEXTEST").is_some() {
        assert_eq!(n_after, n_before);
        assert!(memory_after < memory_before + 2048, "{memory_before} KiB, {memory_after} KiB");
    }
    assert!(gone.len() >= 101 * 16, "{}", gone.len());
    // The kernel frees some things when all processors have passed a quiet state.
    let patience = Instant::now() + Duration::from_secs(30);
    while !alive(&gone).is_empty() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(alive(&gone), []);
}
