// A constant that the type cannot hold.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u8 n = 300;
	       //^^^ W0301

	return n;
}

char LICENSE[] SEC("license") = "GPL";
