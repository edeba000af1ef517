// The check is on another pointer.
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
	__u32 key = 0, other = 1;
	__u64 *a = bpf_map_lookup_elem(&hits, &key);
	__u64 *b = bpf_map_lookup_elem(&hits, &other);

	if (!a)
		return XDP_PASS;
	*b += 1;
      //^^^^^^^ E0703: `b` may be null here
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (!b)
//| +		return XDP_PASS;
