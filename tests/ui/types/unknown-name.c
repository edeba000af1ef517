// A name that nothing declares, and one close to it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int packets = 1;

	return packet;
	     //^^^^^^ E0301: `packet`
	//~^ help: `packets`
}

char LICENSE[] SEC("license") = "GPL";
