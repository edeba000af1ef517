// Two variables of one name in one block.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int n = 1;
	int n = 2;
	  //^ E0308: `n`

	return n;
}

char LICENSE[] SEC("license") = "GPL";
