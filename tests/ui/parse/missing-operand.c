// An operator without its right side.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int n = 1 +;
		 //^ E0201

	return n;
}

char LICENSE[] SEC("license") = "GPL";
