// The macro casts to a wider type.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define U32_AT(p) (*(__u32 *)(p))

static __attribute__((noinline)) int second(unsigned char *raw)
{
	return U32_AT(raw + 1) == 7;
             //^^^^^^^^^^^^^^^ E0747: a misaligned access to the stack frame
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	unsigned char raw[8] = {};

	bpf_xdp_load_bytes(ctx, 0, raw, sizeof(raw));
	return second(raw);
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -#define U32_AT(p) (*(__u32 *)(p))
//| +#define U32_AT(p) (((struct { __u32 value; } __attribute__((packed)) *)(p))->value)
