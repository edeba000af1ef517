// Local variables of more bytes than a stack frame has.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
	     //^^^^ E0403: 512
{
	char buffer[600] = {};

	if (bpf_xdp_load_bytes(ctx, 0, buffer, sizeof(buffer)))
		return XDP_DROP;
	return buffer[0] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
