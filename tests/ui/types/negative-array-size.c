// An array of less than nothing.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int slots[-1];
	       //^^ E0311

SEC("xdp") int prog(struct xdp_md *ctx)
{
	return slots[0];
}

char LICENSE[] SEC("license") = "GPL";
