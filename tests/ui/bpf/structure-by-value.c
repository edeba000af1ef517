// A global function that a program calls, and that takes a structure.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct triple {
	long a, b, c;
};

__noinline int first(struct triple t) //~ E0410
{
	return t.a;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	struct triple t = { 1, 2, 3 };

	return first(t);
}

char LICENSE[] SEC("license") = "GPL";
