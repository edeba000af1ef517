// A field that the program may only read.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	ctx->data = 0;
      //^^^^^^^^^ E0710
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
