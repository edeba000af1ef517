// A type that nothing declares.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	uint24 n = 1;
      //^^^^^^ E0315: `uint24`

	return n;
}

char LICENSE[] SEC("license") = "GPL";
