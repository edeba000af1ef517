// A key that nothing was stored in.
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
	__u32 key;

	return bpf_map_lookup_elem(&hits, &key) ? XDP_DROP : XDP_PASS; //~ E0713
}

char LICENSE[] SEC("license") = "GPL";
