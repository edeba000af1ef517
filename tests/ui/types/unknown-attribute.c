// An attribute that means nothing to bpfc.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__attribute__((nosuch)) static int level;
	     //^^^^^^ W0303: `nosuch`

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return level;
}

char LICENSE[] SEC("license") = "GPL";
