// A helper that programs of this type do not have.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
static long tail(void *ctx) { return bpf_xdp_adjust_head(ctx, 4); } //~ E0409: `bpf_xdp_adjust_head` cannot be called
SEC("socket") int f(struct __sk_buff *skb) //~ note: `f` is one
{
	return tail(skb);
}
// One that a program of another type shares chooses by an argument, perhaps.
static long both(void *ctx) { return bpf_xdp_adjust_tail(ctx, 4); }
SEC("xdp") int g(struct xdp_md *ctx) { return both(ctx); }
SEC("tc") int h(struct __sk_buff *skb) { return both(skb); }
