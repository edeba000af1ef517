// Frames as they arrive, before the network stack has spent anything on them.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("xdp")
int on_frame(struct xdp_md *ctx)
{
	seen++;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
