// A loop that never ends.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	while (1)
		;
	      //^ E0712
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
