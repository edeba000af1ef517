// The index is constant and too large.
//@ no-edit: the number itself is wrong
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int count(struct xdp_md *ctx)
{
	volatile char name[16] = {};
	volatile char *p = name;

#ifdef FIXED
	return p[15];
#else
	return p[-1000];
             //^^^^^^^^ E0702: `p[-1000]` is outside the stack frame
#endif
}

char LICENSE[] SEC("license") = "GPL";
