// A goto to nowhere.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	goto end;
	   //^^^ E0313: `end`
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
