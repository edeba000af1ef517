// The function stores at a number.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static long store(__u64 key, __u64 value)
{
	return bpf_map_update_elem(&hits, &key, (void *)value, BPF_ANY);
                                              //^^^^^^^^^^^^^ E0707: argument `value` of `bpf_map_update_elem` is a number
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	return store(7, ctx->rx_queue_index) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	return bpf_map_update_elem(&hits, &key, (void *)value, BPF_ANY);
//| +	return bpf_map_update_elem(&hits, &key, &value, BPF_ANY);
