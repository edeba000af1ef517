// A pragma that says nothing to bpfc.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#pragma no_such thing //~ W0102
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
