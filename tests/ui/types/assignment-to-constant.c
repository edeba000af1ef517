// A constant stays as it is.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static const int limit = 1;

SEC("xdp") int prog(struct xdp_md *ctx)
{
	limit = 2;
      //^^^^^ E0318: `limit`
	return limit;
}

char LICENSE[] SEC("license") = "GPL";
