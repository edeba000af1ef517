// A structure of unknown size.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counters;

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return sizeof(struct counters); //~ E0307
}

char LICENSE[] SEC("license") = "GPL";
