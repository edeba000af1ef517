// A macro call that the file does not close.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TWICE(a) ((a) * 2)

SEC("xdp") int prog(struct xdp_md *ctx)
{

	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

int n = TWICE(1;
      //^^^^^ E0109: `TWICE`
