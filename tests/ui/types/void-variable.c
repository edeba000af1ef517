// An object needs a type with a size.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	void nothing; //~ E0311

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
