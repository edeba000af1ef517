// A sum has no place to store something in.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int n = 1;

	(n + 1) = 2;
       //^^^^^ E0305
	return n;
}

char LICENSE[] SEC("license") = "GPL";
