// The callers of a global function are not known.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

#define VALUE_OF(p) (*(p))

__attribute__((noinline)) int get(__u64 *n)
{
	return VALUE_OF(n) > 7;
             //^^^^^^^^^^^ E0703: `n` may be null here
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *n = bpf_map_lookup_elem(&hits, &key);

	return n ? get(n) : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (!n)
//| +		return 0;
