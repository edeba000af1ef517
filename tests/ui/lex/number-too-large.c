// More than 64 bits.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u64 n = 18446744073709551616;
		//^^^^^^^^^^^^^^^^^^^^ E0111

	return n;
}

char LICENSE[] SEC("license") = "GPL";
