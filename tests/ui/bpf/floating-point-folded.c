// What the compiler can compute needs no register.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u32 limit = 1.5 * 1000;

	return limit == 1500 ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
