// Every CPU has values of its own.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4);
	__type(key, __u8);
	__type(value, __u32);
} hash SEC(".maps");

SEC("xdp") int test(struct xdp_md *ctx)
{
	__u32 i = 1, one = 1, *count;
	__u64 *slot = bpf_map_lookup_elem(&array, &i);
	__u8 key = 7;

	if (!slot)
		return __LINE__;
	*slot += 3;
	slot = bpf_map_lookup_elem(&array, &i);
	if (!slot || *slot != 3)
		return __LINE__;
	count = bpf_map_lookup_elem(&hash, &key);
	if (count)
		return __LINE__;
	if (bpf_map_update_elem(&hash, &key, &one, BPF_NOEXIST))
		return __LINE__;
	count = bpf_map_lookup_elem(&hash, &key);
	if (!count)
		return __LINE__;
	*count += 9;
	count = bpf_map_lookup_elem(&hash, &key);
	return count && *count == 10 ? 0 : __LINE__;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 0
