// The macro dereferences.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

#define INCREMENT(p) (*(p) += 1)

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *n = bpf_map_lookup_elem(&hits, &key);

	if (ctx->rx_queue_index)
		INCREMENT(n);
              //^^^^^^^^^^^^ E0703: `n` may be null here
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	if (ctx->rx_queue_index)
//| +	if (ctx->rx_queue_index) {
//| +		if (!n)
//| +			return XDP_PASS;
//| +	}
