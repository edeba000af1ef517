// BPF has no floating point registers.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	float rate = ctx->rx_queue_index;
      //^^^^^ E0404

	return rate > 1.0f ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
