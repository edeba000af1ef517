// The offset is known at run time only, and need not be a multiple of four.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int count(struct xdp_md *ctx)
{
	unsigned char raw[16] = {};
	__u32 off = ctx->rx_queue_index & 7;

	bpf_xdp_load_bytes(ctx, 0, raw, sizeof(raw));
	return *(__u32 *)(raw + off) == 7;
             //^^^^^^^^^^^^^^^^^^^^^ E0747: a misaligned access to the stack frame
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	return *(__u32 *)(raw + off) == 7;
//| +	return ((struct { __u32 value; } __attribute__((packed)) *)(raw + off))->value == 7;
