// An LRU map never refuses: it forgets what was not used for long.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} recent SEC(".maps");

static __u32 n_found;

SEC("xdp") int test(struct xdp_md *ctx)
{
	__u32 *value;

	for (__u32 i = 0; i < 300; i++) {
		__u32 key = i;

		if (bpf_map_update_elem(&recent, &key, &key, BPF_ANY))
			return __LINE__;
	}
	for (__u32 i = 0; i < 300; i++) {
		__u32 key = i;

		value = bpf_map_lookup_elem(&recent, &key);
		if (value) {
			if (*value != i)
				return __LINE__;
			n_found++;
		}
	}
	if (n_found == 0 || n_found > 64)
		return __LINE__;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 0
