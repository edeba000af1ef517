// The same through a pointer, in a structure of the kernel.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return ctx->ingress_ifindx;
		  //^^^^^^^^^^^^^^ E0302: `ingress_ifindx`
	//~^ help: `ingress_ifindex`
}

char LICENSE[] SEC("license") = "GPL";
