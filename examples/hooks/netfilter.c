// Packets at a hook of netfilter, beside the rules of nftables: 1 accepts, 0 drops.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("netfilter")
int on_packet(struct bpf_nf_ctx *ctx)
{
	seen++;
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
