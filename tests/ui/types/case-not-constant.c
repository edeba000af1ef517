// A case needs a constant.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int limit = 3;

	switch (ctx->rx_queue_index) {
	case limit:
	   //^^^^^ E0309
		return XDP_DROP;
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
