// A packet may be shorter than what is read.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;

	return data[0] ? XDP_PASS : XDP_DROP;
	     //^^^^^^^ E0706
}

char LICENSE[] SEC("license") = "GPL";
