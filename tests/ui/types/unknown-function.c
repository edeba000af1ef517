// A function that nothing declares, and one close to it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int classify(struct xdp_md *ctx)
{
	return ctx->rx_queue_index;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return clasify(ctx);
	     //^^^^^^^ E0321: `clasify`
	//~^ help: `classify`
}

char LICENSE[] SEC("license") = "GPL";
