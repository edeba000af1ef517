// A structure is not a number.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct pair {
	int a, b;
};

SEC("xdp") int prog(struct xdp_md *ctx)
{
	struct pair p = { 1, 2 };
	int n;

	n = p;
	  //^ E0303
	return n;
}

char LICENSE[] SEC("license") = "GPL";
