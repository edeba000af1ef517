// Two parameters of one name.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define ADD(a, a) (a)
	     //^ E0115
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
