// A suffix that numbers do not have.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int n = 10q;
	      //^^^ E0111

	return n;
}

char LICENSE[] SEC("license") = "GPL";
