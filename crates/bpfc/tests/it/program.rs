//! The way from source to attached programs.

#![allow(clippy::unwrap_used, reason = "a test")]

use bpfc::vm::Input;
use bpfc::{Attached, Event, Program, Stage};
use bpfc_base::render::{Color, Format};
use std::time::Duration;

const EVENTS: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } hits SEC(".maps");
const volatile int wanted;
SEC("raw_tp/sys_enter") int on_enter(void *ctx)
{
    __u64 id = bpf_get_current_pid_tgid();
    if (id >> 32 != wanted)
        return 0;
    __u32 zero = 0;
    __u64 *n = bpf_map_lookup_elem(&hits, &zero);
    if (n)
        __sync_fetch_and_add(n, 1);
    bpf_ringbuf_output(&events, &id, sizeof(id), 0);
    return 0;
}
char LICENSE[] SEC("license") = "GPL";
"#;

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0\t")
}

fn attached() -> Option<Attached> {
    if !is_root() {
        return None;
    }
    let compiled = Program::compile(EVENTS).unwrap();
    let compiled = compiled.set(&format!("wanted={}", std::process::id())).unwrap();
    let loaded = match compiled.check().unwrap().load() {
        Ok(loaded) => loaded,
        Err(error) if error.load_error().is_some_and(|e| e.code().to_string() == "E0902") => {
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    Some(loaded.attach().unwrap())
}

#[test]
fn events_come_as_an_iterator() {
    let Some(attached) = attached() else { return };
    let mut events = attached.events("events").unwrap();
    let _ = std::fs::metadata("/");
    let event = events.next_within(Duration::from_secs(5)).unwrap().unwrap();
    assert_eq!(event.data().len(), 8);
    let loaded = attached.detach().unwrap();
    let hits = loaded.map("hits").unwrap();
    assert!(hits.typed::<u32, u64>().unwrap().get(&0).unwrap().unwrap() > 0);
    // What is left is handed out, and then the time is over.
    assert!(events.for_at_most(Duration::from_millis(20)).all(|event| event.is_ok()));
}

#[test]
fn events_come_as_a_stream() {
    let Some(attached) = attached() else { return };
    let stream = attached.events("events").unwrap().for_at_most(Duration::from_millis(200));
    let mut stream = std::pin::pin!(stream.into_stream().unwrap());
    let mut n_events = 0;
    loop {
        let next = std::future::poll_fn(|cx| futures_core::Stream::poll_next(stream.as_mut(), cx));
        match pollster::block_on(next) {
            Some(event) => n_events += usize::from(matches!(event.unwrap(), Event::Record { .. })),
            None => break,
        }
    }
    assert!(n_events > 0);
}

#[test]
fn dropping_a_stream_ends_its_thread() {
    let Some(attached) = attached() else { return };
    let stream = attached.events("events").unwrap().into_stream().unwrap();
    let start = std::time::Instant::now();
    drop(stream);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn objects_are_taken_and_given() {
    let elf = Program::compile(EVENTS).unwrap().to_elf().unwrap();
    let again = Program::from_object("events.o", &elf).unwrap();
    assert_eq!(again.programs().collect::<Vec<_>>(), ["on_enter"]);
    let mut machine = again.set("wanted=1000").unwrap().machine().unwrap();
    assert_eq!(machine.run("on_enter", &Input::default()).unwrap().effects.len(), 1);
    let error = Program::from_object("x.o", b"\x7fELF").unwrap_err();
    assert_eq!(error.stage(), Stage::Compile);
}

#[test]
fn mistakes_have_stages_and_codes() {
    let codes = |error: bpfc::Error| error.diagnostics()[0].code.to_string();
    let compiled = || Program::compile(EVENTS).unwrap();
    assert_eq!(codes(compiled().set("unwanted=1").unwrap_err()), "E0920");
    assert_eq!(codes(compiled().only(&["on_exit"]).unwrap_err()), "E0923");
    assert_eq!(codes(compiled().attach_to("on_enter", "nowhere").unwrap_err()), "E0906");
    let mut machine = compiled().machine().unwrap();
    assert_eq!(codes(machine.run("on_exit", &Input::default()).unwrap_err()), "E0923");
    assert_eq!(codes(machine.lookup("misses", &[]).unwrap_err()), "E0921");
    assert_eq!(codes(machine.delete("hits", &[0; 4]).unwrap_err()), "E0922");
    let error = Program::source("int f(void) { return }").name("f.c").compile().unwrap_err();
    assert!(error.to_string().contains("f.c:1:"));
    assert!(error.report().render(Format::Human(Color::Always)).contains('\x1b'));
}

#[test]
fn examples_run() {
    let run = |name: &str| {
        let mut path = std::env::current_exe().unwrap();
        path.pop();
        path.set_file_name("examples");
        std::process::Command::new(path.join(name)).output().ok()
    };
    // Built by `cargo test`, which leaves them out when it is told to run only this.
    let Some(output) = run("count_packets") else { return };
    assert!(String::from_utf8_lossy(&output.stdout).contains("1500 bytes: returned 2"));
    if attached().is_some()
        && let Some(output) = run("trace_execs")
    {
        assert!(String::from_utf8_lossy(&output.stdout).contains("true"), "{output:?}");
    }
    if attached().is_some()
        && let Some(output) = run("profile_self")
    {
        assert!(String::from_utf8_lossy(&output.stdout).contains("busy_function"), "{output:?}");
    }
}
