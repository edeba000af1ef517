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

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int (*choose)(void) = ctx->rx_queue_index ? drop : pass;

	return choose(); //~ E0412
}

char LICENSE[] SEC("license") = "GPL";
