// A call with fewer arguments than parameters.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int sum(int a, int b)
{
	return a + b;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return sum(1);
	     //^^^ E0306: `sum`
}

char LICENSE[] SEC("license") = "GPL";
