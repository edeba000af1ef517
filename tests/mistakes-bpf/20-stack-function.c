// Each frame is small enough, together they are not.
//@ no-edit: how small a buffer may be is a matter of meaning
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef FIXED
#define SIZE 128
#else
#define SIZE 300
#endif

static __attribute__((noinline)) int inner(struct xdp_md *ctx)
{
	char b[SIZE] = {};

	bpf_xdp_load_bytes(ctx, 0, b, sizeof(b));
	return b[3];
}

static __attribute__((noinline)) int outer(struct xdp_md *ctx)
{
	char a[SIZE] = {};

	bpf_xdp_load_bytes(ctx, 64, a, sizeof(a));
	return inner(ctx) + a[5];
}

SEC("xdp")
int dump(struct xdp_md *ctx)
{
	return outer(ctx);
             //^^^^^^^^^^ E0403: the functions called from `dump` need 672 bytes of stack, over the limit of 512
}

char LICENSE[] SEC("license") = "GPL";
