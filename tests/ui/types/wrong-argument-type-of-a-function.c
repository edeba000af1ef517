// An argument that cannot be converted to the parameter.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct pair {
	int a, b;
};

static int sum(struct pair *p)
{
	return p->a + p->b;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	struct pair p = { 1, 2 };

	return sum(p);
		 //^ E0312
}

char LICENSE[] SEC("license") = "GPL";
