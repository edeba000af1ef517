// A warning does not stop anything.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#warning "slow path" //~ W0103: slow path
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
