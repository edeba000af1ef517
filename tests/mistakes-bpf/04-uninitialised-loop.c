// The loop mixes in what was never set.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	__u32 n = ctx->rx_queue_index, seed;

	for (int i = 0; i < 4; i++)
		n = n * 31 ^ seed;
                           //^^^^ E0701: `seed` is read here, but was never given a value
	return n & 1;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	__u32 n = ctx->rx_queue_index, seed;
//| +	__u32 n = ctx->rx_queue_index, seed = 0;
