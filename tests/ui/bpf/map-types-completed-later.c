// A map's key and value may be completed behind the map, as with clang.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct later_key);
	__type(value, struct later_value);
} map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 8);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 8);
		__type(key, __u32);
		__type(value, struct later_value);
	});
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct never_completed); //~ E0408: incomplete type
} broken SEC(".maps");

struct later_value {
	__u64 a, b;
};

SEC("xdp") int prog(struct xdp_md *ctx)
{
	struct later_value *value = bpf_map_lookup_elem(&map, &(__u32){ 1 });

	return value ? value->a : XDP_PASS;
}

struct later_key {
	__u32 number;
};

char LICENSE[] SEC("license") = "GPL";
