// The same case again.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	switch (ctx->rx_queue_index) {
	case 1:
		return XDP_DROP;
	case 1:
	   //^ E0308
		return XDP_TX;
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
