// A map of maps, and what is found through two lookups.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} left SEC(".maps"), right SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { &left, [2] = &right },
};

SEC("xdp") int test(struct xdp_md *ctx)
{
	__u32 i, zero = 0, *value;
	void *inner;

	for (i = 0; i < 3; i++) {
		__u32 key = i;

		inner = bpf_map_lookup_elem(&outer, &key);
		if (!inner)
			continue;
		value = bpf_map_lookup_elem(inner, &zero);
		if (!value)
			return __LINE__;
		*value += key + 5;
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 0
//~ map left[0u32] == 5u32
//~ map right[0u32] == 7u32
