//! Shows in which functions this program itself spends half a second; needs root.

#![forbid(unsafe_code)]

use bpfc::Program;
use bpfc::stacks::Sides;
use std::time::{Duration, Instant};

const SOURCE: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct {
    __uint(type, BPF_MAP_TYPE_STACK_TRACE);
    __uint(max_entries, 1024);
    __uint(key_size, 4);
    __uint(value_size, 127 * 8);
} stacks SEC(".maps");

struct sample { __u32 tgid; __s32 user_stack_id; };
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, struct sample);
    __type(value, __u64);
} counts SEC(".maps");
const volatile __u32 target;

SEC("perf_event") int on_sample(struct bpf_perf_event_data *ctx)
{
    struct sample sample = { .tgid = bpf_get_current_pid_tgid() >> 32 };
    __u64 one = 1, *count;

    if (sample.tgid != target)
        return 0;
    sample.user_stack_id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
    count = bpf_map_lookup_elem(&counts, &sample);
    if (count)
        __sync_fetch_and_add(count, 1);
    else
        bpf_map_update_elem(&counts, &sample, &one, BPF_NOEXIST);
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
"#;

#[inline(never)]
fn busy_function(end: Instant) -> u64 {
    let mut sum = 0_u64;
    while Instant::now() < end {
        // Without calls, so that what is sampled is this function.
        let mut n = 0;
        while n < 1_000_000 {
            sum ^= n;
            n += 1;
        }
        sum = std::hint::black_box(sum);
    }
    sum
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = Program::compile(SOURCE)?.set(&format!("target={}", std::process::id()))?;
    let attached = program.check()?.load()?.attach()?;
    busy_function(Instant::now() + Duration::from_millis(500));
    let profile = attached.profile()?;
    print!("{}", profile.folded(Sides { user: true, kernel: false })?);
    profile.notes().iter().for_each(|note| eprintln!("note: {note}"));
    Ok(())
}
