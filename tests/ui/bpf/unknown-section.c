// A section that is no program type, and one close to it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xpd") int prog(struct xdp_md *ctx)
  //^^^^^ E0407: `xpd`
//~^ help: `xdp`
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
