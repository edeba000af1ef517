// The field has four bytes, not eight.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int queue(struct xdp_md *ctx)
{
	__u64 index = *(__u64 *)&ctx->rx_queue_index;
                    //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0710: context field `rx_queue_index` cannot be read with 8 bytes

	return index ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	__u64 index = *(__u64 *)&ctx->rx_queue_index;
//| +	__u64 index = ctx->rx_queue_index;
