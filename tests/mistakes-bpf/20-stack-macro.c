// The macro declares a large buffer each time.
//@ no-edit: how small a buffer may be is a matter of meaning
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef FIXED
#define PEEK(ctx, off) ({ char head[16] = {}; bpf_xdp_load_bytes(ctx, off, head, sizeof(head)); head[0]; })
#else
#define PEEK(ctx, off) ({ char head[600] = {}; bpf_xdp_load_bytes(ctx, off, head, sizeof(head)); head[0]; })
#endif

SEC("xdp")
int dump(struct xdp_md *ctx)
  //^^^^ E0403: the stack frame of `dump` takes 600 bytes, 512 are allowed
{
	return PEEK(ctx, 0) + PEEK(ctx, 100);
}

char LICENSE[] SEC("license") = "GPL";
