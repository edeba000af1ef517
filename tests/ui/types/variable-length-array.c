// The size of an array must be known.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int n = ctx->rx_queue_index;
	char name[n];
		//^ E0320

	name[0] = 0;
	return name[0];
}

char LICENSE[] SEC("license") = "GPL";
