// A helper that does not exist, with a suggestion.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int f(struct xdp_md *ctx)
{
	long now = bpf_ktime_get_nss();
	         //^^^^^^^^^^^^^^^^^ E0405: there is no helper `bpf_ktime_get_nss`
	//~^ help: did you mean `bpf_ktime_get_ns`?
	return now != 0;
}
