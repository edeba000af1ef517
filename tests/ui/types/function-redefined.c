// Two bodies.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int f(void)
{
	return 1;
}

static int f(void)
	 //^ E0308: `f`
{
	return 2;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return f();
}

char LICENSE[] SEC("license") = "GPL";
