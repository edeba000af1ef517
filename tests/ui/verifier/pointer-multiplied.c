// A pointer is not a number.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u64 n = (__u64)ctx;

	n *= 3; //~ E0704
	return n > 7;
}

char LICENSE[] SEC("license") = "GPL";
