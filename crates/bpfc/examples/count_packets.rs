//! Counts the bytes of packets in the virtual machine: no rights, no kernel.

#![forbid(unsafe_code)]

use bpfc::Program;
use bpfc::vm::Input;

const SOURCE: &str = r#"
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} n_bytes SEC(".maps");

SEC("xdp") int count(struct xdp_md *ctx)
{
    __u32 zero = 0;
    __u64 *n = bpf_map_lookup_elem(&n_bytes, &zero);
    if (n)
        *n += ctx->data_end - ctx->data;
    return XDP_PASS;
}
"#;

fn main() -> Result<(), bpfc::Error> {
    let program = Program::source(SOURCE).name("count.c").compile()?;
    let mut machine = program.machine()?;
    for n_bytes in [60, 1500] {
        let packet = Some(vec![0; n_bytes]);
        let outcome = machine.run("count", &Input { packet, ..Input::default() })?;
        println!("{n_bytes} bytes: returned {}", outcome.ret);
    }
    let values = machine.lookup("n_bytes", &0_u32.to_ne_bytes())?;
    println!("in all: {values:?}");
    Ok(())
}
