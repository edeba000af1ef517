// A character that C does not have.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int n = 1 @ 2; //~ E0102: `@`

	return n;
}

char LICENSE[] SEC("license") = "GPL";
