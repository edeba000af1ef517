// Exactly as many as there are.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	char buffer[512];

	if (bpf_xdp_load_bytes(ctx, 0, buffer, sizeof(buffer)))
		return XDP_DROP;
	return buffer[0] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
