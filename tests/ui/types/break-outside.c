// break leaves a loop or a switch.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	break;
      //^^^^^^ E0313
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
