// A condition without a value.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#if 1 / 0 //~ E0108
#endif
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
