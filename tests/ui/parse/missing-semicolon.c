// A statement without its semicolon: the place is behind the last token.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int n = 1 //~ E0201: expected `;`
	n++;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
