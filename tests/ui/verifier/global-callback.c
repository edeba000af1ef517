// The kernel calls back static functions only; hidden ones are static to it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int add(unsigned int i, long *sum)
{
	*sum += i;
	return 0;
}

__hidden int subtract(unsigned int i, long *sum)
{
	*sum -= i;
	return 0;
}

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	long sum = 0;

	bpf_loop(4, subtract, &sum, 0);
	bpf_loop(4, add, &sum, 0); //~ E0714: the address of a global function cannot be used
	//~^ help: declare the function `static`
	return sum & 1;
}

char LICENSE[] SEC("license") = "GPL";
