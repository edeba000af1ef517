// An assertion of the source itself.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

_Static_assert(sizeof(long) == 4, "long has four bytes"); //~ E0316: long has four bytes

SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
