// The macro passes the value of the map where the map is wanted.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

#define FORGET(map, key) bpf_map_delete_elem(map, key)

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;

	FORGET(&hits, (void *)(long)key);
      //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0707: argument `key` of `bpf_map_delete_elem` is a number
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	FORGET(&hits, (void *)(long)key);
//| +	FORGET(&hits, &key);
