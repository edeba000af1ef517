// A static object starts with a constant.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	static int n = ctx->rx_queue_index;
		     //^^^^^^^^^^^^^^^^^^^ E0309

	return n;
}

char LICENSE[] SEC("license") = "GPL";
