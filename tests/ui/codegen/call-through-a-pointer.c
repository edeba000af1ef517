// BPF calls functions that are known.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int pass(void)
{
	return XDP_PASS;
}

static __noinline int drop(void)
{
	return XDP_DROP;
}

static int (*const choices[])(void) = { pass, drop };

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return choices[ctx->rx_queue_index & 1](); //~ E0412
}

char LICENSE[] SEC("license") = "GPL";
