// A function that calls itself: BPF has no stack for it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int depth(int n)
{
	return n > 0 ? depth(n - 1) : 0;
		     //^^^^^^^^^^^^ E0401: `depth`
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return depth(ctx->rx_queue_index);
}

char LICENSE[] SEC("license") = "GPL";
