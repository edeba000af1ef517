// The index into a local array is not bounded.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u8 seen[16] = {};
	__u32 queue = ctx->rx_queue_index;

	seen[queue] = 1;
      //^^^^^^^^^^^ E0702: `seen[queue]` may be outside the stack frame
	return seen[3] ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (queue >= sizeof(seen) / sizeof(seen[0]))
//| +		return 0;
