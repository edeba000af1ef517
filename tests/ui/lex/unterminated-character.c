// So does a character constant.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int c = 'a;
	      //^^^ E0103
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
