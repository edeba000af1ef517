// So does what a pointer to a constant points at.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int f(const int *p)
{
	*p = 2;
      //^^ E0318
	return *p;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	int n = 1;

	return f(&n);
}

char LICENSE[] SEC("license") = "GPL";
