// The same name is reported once in a function, not at every use.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	missing = 1;
      //^^^^^^^ E0301: `missing`
	missing++;
	if (missing)
		return missing;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
