// A macro defined twice, differently; the same again is no mistake.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SAME 1
#define SAME 1
#define LEVEL 1
#define LEVEL 2
      //^^^^^ W0101: `LEVEL`
SEC("xdp") int prog(struct xdp_md *ctx)
{
	return LEVEL;
}

char LICENSE[] SEC("license") = "GPL";
