// Specifiers that no type has.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	short long n = 1; //~ E0203

	return n;
}

char LICENSE[] SEC("license") = "GPL";
