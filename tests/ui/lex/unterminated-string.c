// A string ends on its line.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	const char *s = "text;
		      //^^^^^^ E0103
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
