// The padding between the members is part of the key.
//@ kernel-accepts: Linux since 6.3 lets programs with CAP_PERFMON pass what was never written
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct key {
	__u8 protocol;
	__u32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct key);
	__type(value, __u64);
} flows SEC(".maps");

SEC("xdp")
int count(struct xdp_md *ctx)
{
	struct key key;

	key.protocol = 6;
	key.address = ctx->rx_queue_index;
	return bpf_map_lookup_elem(&flows, &key) ? XDP_DROP : XDP_PASS;
                                         //^^^^ E0713: `&key` is not fully initialised when `bpf_map_lookup_elem` reads it
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	struct key key;
//| +	struct key key = {};
