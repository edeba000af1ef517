// A second declaration of another type.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int f(int a);

static long f(int a)
	  //^ E0308: `f`
{
	return a;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return f(1);
}

char LICENSE[] SEC("license") = "GPL";
