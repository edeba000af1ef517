//! Stacks that programs save in the kernel of this machine, in each of the forms that there are.

#![allow(clippy::unwrap_used, reason = "a test")]

use bpfc::stacks::{Side, Sides, StackLayout, Trace};
use bpfc::symbols::FrameKind;
use bpfc::{Attached, Program};
use std::time::Duration;

const HEAD: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 20); } events SEC(".maps");
const volatile __u32 target;
char LICENSE[] SEC("license") = "GPL";
"#;

/// Attaches a program that looks at system calls of this process only.
fn attached(body: &str) -> Option<Attached> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    if !status.contains("\nUid:\t0\t0\t") {
        println!("  skipped: loading programs needs root");
        return None;
    }
    let compiled = Program::compile(format!("{HEAD}{body}")).unwrap();
    let compiled = compiled.set(&format!("target={}", std::process::id())).unwrap();
    Some(compiled.check().unwrap().load().unwrap().attach().unwrap())
}

/// The first event, and where it has stacks.
fn event(attached: &Attached) -> (Vec<u8>, StackLayout) {
    let mut events = attached.events("events").unwrap();
    let _ = std::fs::metadata("/");
    let event = events.next_within(Duration::from_secs(5)).unwrap().unwrap();
    let object = attached.object();
    let map = object.maps.iter().find(|map| map.name == "events").unwrap();
    let layout = StackLayout::of(&object.open_btf().unwrap(), map.event_type.unwrap(), true);
    (event.data().to_vec(), layout.unwrap())
}

#[test]
fn stacks_in_events_have_names() {
    let Some(attached) = attached(
        r#"
struct event { __u32 pid; __u32 kstack_sz; __s32 ustack_sz; char comm[16]; __u64 kstack[16]; __u64 ustack[16]; };
SEC("raw_tp/sys_enter") int on_enter(void *ctx)
{
    __u64 id = bpf_get_current_pid_tgid();
    if (id >> 32 != target)
        return 0;
    struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
    if (!e)
        return 0;
    __builtin_memset(e, 0xff, sizeof(*e));
    e->pid = id >> 32;
    bpf_get_current_comm(e->comm, sizeof(e->comm));
    e->kstack_sz = bpf_get_stack(ctx, e->kstack, sizeof(e->kstack), 0);
    e->ustack_sz = bpf_get_stack(ctx, e->ustack, sizeof(e->ustack), BPF_F_USER_STACK);
    bpf_ringbuf_submit(e, 0);
    return 0;
}
"#,
    ) else {
        return;
    };
    let (bytes, layout) = event(&attached);
    let names: Vec<_> = layout.stacks.iter().map(|member| (&*member.name, member.side)).collect();
    assert_eq!(names, [("kstack", Some(Side::Kernel)), ("ustack", Some(Side::User))]);
    assert_eq!(layout.pid.unwrap().read(&bytes), Some(i64::from(std::process::id())));
    let mut stacks = attached.stacks().unwrap();
    let (side, kernel) = stacks.trace(&layout.stacks[0], &bytes);
    let frames = stacks.frames(side, None, &kernel);
    assert!(frames.iter().any(|frame| &*frame.name == "do_syscall_64"), "{frames:?}");
    assert!(frames.iter().all(|frame| frame.kind == FrameKind::Kernel));
    let (side, user) = stacks.trace(&layout.stacks[1], &bytes);
    let frames = stacks.frames(side, Some(std::process::id()), &user);
    assert!(
        !frames.is_empty() && frames[0].kind == FrameKind::User && frames[0].is_known,
        "{frames:?}"
    );
    // What lies behind the size that was written is not looked at.
    let Trace::Addresses(addresses) = user else { panic!("{user:?}") };
    assert!(!addresses.contains(&u64::MAX), "{addresses:x?}");

    let mut profile = attached.profile().unwrap();
    let map =
        attached.object().maps.iter_enumerated().find(|(_, map)| map.name == "events").unwrap().0;
    assert!(profile.takes(map));
    profile.event(map, &bytes);
    profile.event(map, &bytes);
    let folded = profile.folded(Sides { user: false, kernel: true }).unwrap().to_string();
    assert!(folded.contains(";do_syscall_64_[k]") && folded.ends_with(" 2\n"), "{folded}");
    assert_eq!(profile.notes(), [""; 0]);
}

#[test]
fn stacks_of_build_ids_have_names() {
    let Some(attached) = attached(
        r#"
struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 64); __uint(key_size, 4);
         __uint(value_size, 16 * sizeof(struct bpf_stack_build_id)); __uint(map_flags, BPF_F_STACK_BUILD_ID); } stacks SEC(".maps");
struct event { __u64 stack_id; struct bpf_stack_build_id other_stack[16]; };
SEC("raw_tp/sys_enter") int on_enter(void *ctx)
{
    if (bpf_get_current_pid_tgid() >> 32 != target)
        return 0;
    struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
    if (!e)
        return 0;
    __builtin_memset(e, 0, sizeof(*e));
    e->stack_id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
    bpf_get_stack(ctx, e->other_stack, sizeof(e->other_stack), BPF_F_USER_STACK | BPF_F_USER_BUILD_ID);
    bpf_ringbuf_submit(e, 0);
    return 0;
}
"#,
    ) else {
        return;
    };
    let (bytes, layout) = event(&attached);
    let mut stacks = attached.stacks().unwrap();
    for member in &layout.stacks {
        let (side, trace) = stacks.trace(member, &bytes);
        assert!(matches!((side, &trace), (Side::User, Trace::BuildIds(_))), "{trace:?}");
        let frames = stacks.frames(side, None, &trace);
        let module = frames[0].module_name();
        assert!(
            frames[0].is_known && module.is_some_and(|module| module.starts_with("libc")),
            "{frames:?}"
        );
    }
}

#[test]
fn numbers_that_are_no_stacks_are_lost_or_none() {
    let Some(attached) = attached(
        r#"
struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 1); __uint(key_size, 4); __uint(value_size, 64); } stacks SEC(".maps");
struct key { __s32 none_stack; __u64 wide_none_stack; __s64 collision_stackid; __s32 gone_stack_id; };
struct event { struct key key; };
SEC("raw_tp/sys_enter") int on_enter(void *ctx)
{
    if (bpf_get_current_pid_tgid() >> 32 != target)
        return 0;
    struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
    if (!e)
        return 0;
    __builtin_memset(e, 0, sizeof(*e));
    e->key.none_stack = -14;
    e->key.wide_none_stack = (__u32)-14;
    e->key.collision_stackid = -17;
    e->key.gone_stack_id = 0;
    bpf_ringbuf_submit(e, 0);
    return 0;
}
"#,
    ) else {
        return;
    };
    let (bytes, layout) = event(&attached);
    let mut stacks = attached.stacks().unwrap();
    let traces: Vec<_> =
        layout.stacks.iter().map(|member| stacks.trace(member, &bytes).1).collect();
    assert_eq!(traces, [Trace::None, Trace::None, Trace::Lost, Trace::Lost]);
    assert_eq!(stacks.n_lost(), 2);
    let frames = stacks.frames(Side::Kernel, None, &Trace::Lost);
    assert_eq!(&*frames[0].name, "[lost kernel stack]");
    assert!(stacks.frames(Side::User, Some(1), &Trace::None).is_empty());
}
