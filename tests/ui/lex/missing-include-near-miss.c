// A header that bpfc knows under a similar name.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <bpf/bpf_helper.h>
       //^^^^^^^^^^^^^^^^^^ E0104: `bpf/bpf_helper.h`
//~^ help: `bpf/bpf_helpers.h`
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
