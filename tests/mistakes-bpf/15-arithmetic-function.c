// Arithmetic comes before the check.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct slots {
	__u32 counts[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slots);
} table SEC(".maps");

static __always_inline __u32 *slot(struct slots *slots, __u32 n)
{
	return &slots->counts[n & 7];
              //^^^^^^^^^^^^^^^^^^^^ E0703: `slots` may be null here
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct slots *slots = bpf_map_lookup_elem(&table, &key);
	__u32 *n = slot(slots, ctx->rx_queue_index);

	if (!slots)
		return XDP_PASS;
	*n += 1;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (!slots)
//| +		return XDP_PASS;
