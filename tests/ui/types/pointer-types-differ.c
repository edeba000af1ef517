// Pointers to different types are exchanged with a warning.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	long n = 1;
	int *p = &n;
	       //^^ W0302

	return *p;
}

char LICENSE[] SEC("license") = "GPL";
