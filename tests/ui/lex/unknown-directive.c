// A directive that does not exist.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#incldue <linux/ip.h> //~ W0102: `#incldue`
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
