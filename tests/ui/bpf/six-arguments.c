// Arguments travel in five registers.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int sum(int a, int b, int c, int d, int e, int f)
							       //^ E0402: `sum`
{
	return a + b + c + d + e + f;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return sum(1, 2, 3, 4, 5, ctx->rx_queue_index);
}

char LICENSE[] SEC("license") = "GPL";
