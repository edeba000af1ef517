//! Buffers that are full: what was sent comes, and what was lost is known.

#![allow(clippy::unwrap_used, reason = "a test")]

use bpfc::loader::TestInput;
use bpfc::{EventRef, Loaded, Program, Stage};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use std::time::Duration;

const SOURCE: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct record { __u64 number; __u64 rest[7]; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, __u32); __type(value, __u32); } perf SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 10); __type(key, __u64); __type(value, __u64); } few SEC(".maps");
__u64 sent, refused, n_perf, n_full, __bpfc_lost;
SEC("raw_tp") int fill_ring(void *ctx)
{
    for (int i = 0; i < 2000; i++) {
        struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
        if (!record) {
            refused++;
            continue;
        }
        record->number = sent++;
        bpf_ringbuf_submit(record, 0);
    }
    return 0;
}
SEC("raw_tp") int fill_perf(void *ctx)
{
    struct record record = {};
    for (int i = 0; i < 8000; i++) {
        record.number = n_perf++;
        bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &record, sizeof(record));
    }
    return 0;
}
SEC("raw_tp") int fill_map(void *ctx)
{
    for (__u64 i = 0; i < 20; i++)
        if (bpf_map_update_elem(&few, &i, &i, BPF_ANY))
            n_full++;
    return 0;
}
char LICENSE[] SEC("license") = "GPL";
"#;

/// Loads it; `None` where that is not allowed.
fn loaded(source: &str) -> Option<Loaded> {
    match Program::compile(source).unwrap().check().unwrap().load() {
        Ok(loaded) => Some(loaded),
        Err(error) => {
            let text = error.to_string();
            let is_lacking = text.contains("appeared in Linux");
            assert!(is_lacking || std::env::var_os("BPFC_REQUIRE_KERNEL").is_none(), "{text}");
            bpfc_testkit::skipped(text.lines().next().unwrap_or_default());
            None
        }
    }
}

fn run(loaded: &Loaded, program: &str) {
    let input = TestInput { ctx: &[0; 64], ..TestInput::default() };
    loaded.test_run(program, &input).unwrap();
}

fn variable(loaded: &Loaded, name: &str) -> u64 {
    u64::try_from(loaded.variable(name).unwrap().as_int().unwrap()).unwrap()
}

fn number(data: &[u8]) -> u64 {
    u64::from_ne_bytes(data[..8].try_into().unwrap())
}

#[test]
fn a_full_ring_buffer_loses_nothing_that_was_sent() {
    let Some(loaded) = loaded(SOURCE) else { return };
    let mut events = loaded.events("ring").unwrap();
    let mut numbers = Vec::new();
    for round in 1..=3 {
        run(&loaded, "fill_ring");
        let none = Duration::ZERO;
        while events.read_within(none, |event| numbers.push(number(event.data()))).unwrap() > 0 {}
        assert_eq!(variable(&loaded, "sent") + variable(&loaded, "refused"), 2000 * round);
    }
    assert!(variable(&loaded, "refused") > 0);
    // A variable of this name is counted up by itself.
    assert_eq!(variable(&loaded, "__bpfc_lost"), variable(&loaded, "refused"));
    assert!(numbers.iter().copied().eq(0..variable(&loaded, "sent")), "in order, each once");
}

#[test]
fn a_full_perf_buffer_counts_what_it_lost() {
    let Some(loaded) = loaded(SOURCE) else { return };
    // Each CPU has a buffer, and tells its own losses: of one that is not run on again, nothing more is heard.
    let mut here = CpuSet::new();
    here.set(0).unwrap();
    sched_setaffinity(Pid::from_raw(0), &here).unwrap();
    let mut events = loaded.events("perf").unwrap();
    let (mut n_records, mut n_lost, mut last) = (0, 0, None);
    // Losses are told with the next record that finds room.
    for _ in 0..3 {
        run(&loaded, "fill_perf");
        let mut take = |event: EventRef<'_>| match event {
            EventRef::Record { data, .. } => {
                n_records += 1;
                assert!(last.is_none_or(|last| last < number(data)), "in order");
                last = Some(number(data));
            }
            EventRef::Lost { n_records, .. } => n_lost += n_records,
        };
        while events.read_within(Duration::ZERO, &mut take).unwrap() > 0 {}
    }
    assert!(n_records > 1000 && n_lost > 1000, "{n_records} came, {n_lost} were lost");
    // What was lost last is not told until something finds room.
    assert!(n_records + n_lost <= 24_000 && n_records + n_lost >= 16_000, "{n_records} + {n_lost}");
}

#[test]
fn a_full_map_keeps_what_it_has() {
    let Some(loaded) = loaded(SOURCE) else { return };
    run(&loaded, "fill_map");
    assert_eq!(variable(&loaded, "n_full"), 10);
    let map = loaded.map("few").unwrap();
    assert_eq!(map.entries().unwrap().count(), 10);
    let error = map.set(77, 1).unwrap_err();
    assert!(error.to_string().contains("is full"), "{error}");
    assert_eq!((error.stage(), map.entries().unwrap().count()), (Stage::Use, 10));
}

const ASKING: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); } requests SEC(".maps");
__u64 n_taken, sum, n_bytes;
static long take(struct bpf_dynptr *ptr, void *ctx)
{
    __u64 number = 0;
    n_taken++;
    n_bytes += bpf_dynptr_read(&number, sizeof(number), ptr, 0, 0) ? 3 : 8;
    sum += number;
    return 0;
}
SEC("raw_tp") int drain(void *ctx) { bpf_user_ringbuf_drain(&requests, take, 0, 0); return 0; }
char LICENSE[] SEC("license") = "GPL";
"#;

#[test]
fn programs_take_what_they_are_sent() {
    let Some(loaded) = loaded(ASKING) else { return };
    let mut sender = loaded.sender("requests").unwrap();
    let (mut n_sent, mut sum) = (0_u64, 0_u64);
    // Around the end of the buffer many times.
    for round in 0..50_u64 {
        for at in 0..round % 7 * 20 {
            assert!(sender.send(&(round + at).to_ne_bytes()).unwrap());
            (n_sent, sum) = (n_sent + 1, sum + round + at);
        }
        run(&loaded, "drain");
        assert_eq!(sender.n_waiting_bytes(), 0);
    }
    assert_eq!((variable(&loaded, "n_taken"), variable(&loaded, "sum")), (n_sent, sum));
    // Sixteen bytes each.
    let n_fit = (0..1000).take_while(|_| sender.send(&[0; 5]).unwrap()).count();
    assert_eq!((n_fit, sender.n_waiting_bytes()), (256, 4096));
    run(&loaded, "drain");
    assert_eq!(variable(&loaded, "n_taken"), n_sent + 256);
    assert!(sender.send(&[0; 4089]).is_err() && sender.send(&[0; 4088]).unwrap());
    assert!(loaded.sender("nothing").is_err());
}
