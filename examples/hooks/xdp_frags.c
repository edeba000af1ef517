// As xdp.c, for interfaces whose frames may be in several parts: jumbo frames, large receive offload.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("xdp.frags")
int on_frame(struct xdp_md *ctx)
{
	seen++;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
