// The kernel removes what no path runs, and then does not find the function whose address is taken.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline int mark(struct __sk_buff *skb)
{
	return skb->mark * 3;
}

static long step(__u32 i, void *ctx)
{
	return 0;
}

SEC("tc")
int prog(struct __sk_buff *skb)
{
	int marked = mark(skb);
	long (*volatile f)(__u32, void *) = step; //~ E0732: the address of a function is taken, but nothing calls it
	return marked;
}

char LICENSE[] SEC("license") = "GPL";
