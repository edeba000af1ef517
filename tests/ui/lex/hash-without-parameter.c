// `#` wants a parameter.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TEXT(a) #b //~ E0115
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
