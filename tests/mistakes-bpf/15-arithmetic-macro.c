// A pointer is no number to be rounded.
//@ no-edit: what address is meant cannot be told from one that is rounded
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

#define ALIGN_DOWN(p) ((void *)((unsigned long)(p) & ~7UL))

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct slots *slots = bpf_map_lookup_elem(&table, &key);

	if (!slots)
		return XDP_PASS;
#ifdef FIXED
	*(__u64 *)&slots->counts[0] = 1;
#else
	*(__u64 *)ALIGN_DOWN(&slots->counts[1]) = 1;
                //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0704: `&` cannot be applied to the value of map `table`
#endif
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
