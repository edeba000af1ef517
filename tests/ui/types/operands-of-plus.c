// A structure cannot be added.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct pair {
	int a, b;
};

SEC("xdp") int prog(struct xdp_md *ctx)
{
	struct pair p = { 1, 2 };

	return p + 1;
	     //^^^^^ E0304
}

char LICENSE[] SEC("license") = "GPL";
