// The macro adds to what was never set.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define ADD(sum, x) ((sum) += (x))

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	__u32 sum;

	ADD(sum, ctx->rx_queue_index);
          //^^^ E0701: `sum` is read here, but was never given a value
	return sum & 1;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	__u32 sum;
//| +	__u32 sum = 0;
