// The function does not know how its argument is aligned.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __attribute__((noinline)) __u32 word(const void *p)
{
	return *(const __u32 *)p;
             //^^^^^^^^^^^^^^^^^ E0747: a misaligned access to the stack frame
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	unsigned char raw[14] = {};

	bpf_xdp_load_bytes(ctx, 0, raw, sizeof(raw));
	return word(raw + 6) == 7;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	return *(const __u32 *)p;
//| +	return ((struct { const __u32 value; } __attribute__((packed)) *)p)->value;
