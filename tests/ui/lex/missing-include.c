// A header that is nowhere.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <linux/no_such_header.h>
       //^^^^^^^^^^^^^^^^^^^^^^^^ E0104: `linux/no_such_header.h`
SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
