// A designator of no member.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct pair {
	int a, b;
};

SEC("xdp") int prog(struct xdp_md *ctx)
{
	struct pair p = { .c = 1 };
			 //^ E0302: `c`

	return p.a;
}

char LICENSE[] SEC("license") = "GPL";
