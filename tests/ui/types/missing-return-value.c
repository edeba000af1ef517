// A path to the end of a function that returns a value.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	if (ctx->rx_queue_index == 0)
		return XDP_PASS;
} //~ W0350

char LICENSE[] SEC("license") = "GPL";
