// The index is whatever the driver says.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct slots {
	__u32 counts[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slots);
} table SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct slots *slots = bpf_map_lookup_elem(&table, &key);

	if (!slots)
		return XDP_PASS;
	slots->counts[ctx->rx_queue_index]++;
      //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0702: `slots->counts[ctx->rx_queue_index]` may be outside the value of map `table`, which has 32 bytes
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	slots->counts[ctx->rx_queue_index]++;
//| +	__u64 index = ctx->rx_queue_index;
//| +	if (index >= sizeof(slots->counts) / sizeof(slots->counts[0]))
//| +		return XDP_PASS;
//| +	slots->counts[index]++;
