// A second else.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#if 0
#else
#else //~ E0107
#endif
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
