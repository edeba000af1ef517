// `return` without the value.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	if (ctx->rx_queue_index)
		return;
	      //^^^^^^^ E0314
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
