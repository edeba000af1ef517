// An attribute that maps do not have.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entires, 4); //~ E0408: `max_entires`
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&hits, &key) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
