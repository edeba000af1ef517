// A helper writes more than the buffer holds.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	char buffer[4];

	if (bpf_xdp_load_bytes(ctx, 0, buffer, 64)) //~ E0707
		return XDP_DROP;
	return buffer[0];
}

char LICENSE[] SEC("license") = "GPL";
