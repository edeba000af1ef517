// The key itself, where its address is wanted.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&hits, key) ? XDP_DROP : XDP_PASS;
                                        //^^^ E0312: argument 2 of `bpf_map_lookup_elem` is `const void *`, found `__u32`
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	return bpf_map_lookup_elem(&hits, key) ? XDP_DROP : XDP_PASS;
//| +	return bpf_map_lookup_elem(&hits, &key) ? XDP_DROP : XDP_PASS;
