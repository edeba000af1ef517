// An inlined function passes nothing, so it may have more.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline int sum(int a, int b, int c, int d, int e, int f)
{
	return a + b + c + d + e + f;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return sum(1, 2, 3, 4, 5, ctx->rx_queue_index);
}

char LICENSE[] SEC("license") = "GPL";
