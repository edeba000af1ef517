// The macro adds to the context.
//@ no-edit: a field at a variable offset has to be chosen by branches
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define WORD(ctx, n) (((__u32 *)(ctx))[n])

SEC("xdp")
int queue(struct xdp_md *ctx)
{
#ifdef FIXED
	return ctx->rx_queue_index == 7;
#else
	return WORD(ctx, bpf_get_prandom_u32() & 3) == 7;
             //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0751: `((__u32 *)ctx)[bpf_get_prandom_u32() & 3]` accesses the context at an offset that is not constant
#endif
}

char LICENSE[] SEC("license") = "GPL";
