// A helper that does not exist, and one close to it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_nss();
		  //^^^^^^^^^^^^^^^^^ E0405: `bpf_ktime_get_nss`
	//~^ help: `bpf_ktime_get_ns`

	return now ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
