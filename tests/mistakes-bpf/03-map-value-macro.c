// The bound is one too large.
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

#define BUMP(slots, n) ((slots)->counts[n] += 1)

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0, queue = ctx->rx_queue_index;
	struct slots *slots = bpf_map_lookup_elem(&table, &key);

	if (!slots || queue > 8)
		return XDP_PASS;
	BUMP(slots, queue);
      //^^^^^^^^^^^^^^^^^^ E0702: `slots->counts[queue]` may be outside the value of map `table`, which has 32 bytes
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (queue >= sizeof(slots->counts) / sizeof(slots->counts[0]))
//| +		return XDP_PASS;
