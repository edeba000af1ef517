// Nothing was stored on one path.
//@ known-bug: optimisation makes the variable disappear
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int verdict;

	if (ctx->rx_queue_index == 0)
		verdict = XDP_PASS;
	return verdict; //~ E0701: `verdict`
}

char LICENSE[] SEC("license") = "GPL";
