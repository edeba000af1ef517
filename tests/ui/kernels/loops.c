//@ flags: --kernel=5.10,6.1,6.6
// Before Linux 6.7 a loop must be closed by a jump, not by falling through to its condition.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__uint(value_size, 16);
} raw SEC(".maps");

SEC("xdp")
int fill(struct xdp_md *ctx)
{
	__u32 i = 1;
	__u8 *bytes = bpf_map_lookup_elem(&raw, &i);

	if (!bytes)
		return XDP_DROP;
	for (int k = 0; k < 16; k++)
		bytes[k] = k * 3;
	return XDP_PASS;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	int n = 0;

	while (n < 20) {
		if (ctx->ingress_ifindex == n)
			break;
		n++;
	}
	return n == 20 ? XDP_PASS : XDP_DROP;
}
