// Two functions that call each other.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int odd(int n);

static __noinline int even(int n)
{
	return n ? odd(n - 1) : 1;
}

static __noinline int odd(int n)
{
	return n ? even(n - 1) : 0;
		 //^^^^^^^^^^^ E0401: `odd`
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return even(ctx->rx_queue_index);
}

char LICENSE[] SEC("license") = "GPL";
