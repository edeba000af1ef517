// Memory behind a number.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int *p = (int *)0x1000;

	return *p;
	     //^^ E0705
}

char LICENSE[] SEC("license") = "GPL";
