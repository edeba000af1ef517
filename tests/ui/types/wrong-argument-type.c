// A helper wants the map, not a pointer to the key.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_delete_elem(&key, &key) ? XDP_DROP : XDP_PASS;
				 //^^^^ E0312
}

char LICENSE[] SEC("license") = "GPL";
