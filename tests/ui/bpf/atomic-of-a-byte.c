// Atomic operations have 32 or 64 bits.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __u8 n;

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&n, 1); //~ E0413
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
