// The loop goes one too far.
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
	__u32 key = 0, sum = 0;
	struct slots *slots = bpf_map_lookup_elem(&table, &key);

	if (!slots)
		return XDP_PASS;
	for (int i = 0; i <= 8; i++)
		sum += slots->counts[i];
                     //^^^^^^^^^^^^^^^^ E0702: `slots->counts[i]` is outside the value of map `table`, which has 32 bytes
	return sum & 1;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	for (int i = 0; i <= 8; i++)
//| +	for (int i = 0; i < sizeof(slots->counts) / sizeof(slots->counts[0]); i++)
