// A helper of socket buffers in an XDP program.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	char byte;

	return bpf_skb_load_bytes(ctx, 0, &byte, 1) ? XDP_DROP : XDP_PASS;
	     //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0409: `bpf_skb_load_bytes`
}

char LICENSE[] SEC("license") = "GPL";
