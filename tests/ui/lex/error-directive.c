// What the author of a header says.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef CONFIG_DEBUG
#error "CONFIG_DEBUG is needed"
//~^ E0110: CONFIG_DEBUG is needed
#endif
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
