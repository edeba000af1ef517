// The loop walks over an array of the context.
//@ no-edit: a field at a variable offset has to be chosen by branches
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int sum(struct __sk_buff *skb)
{
	__u32 n = 0;

#ifdef FIXED
	n = skb->cb[0] + skb->cb[1] + skb->cb[2] + skb->cb[3];
#else
	for (int i = 0; i < (skb->mark & 3); i++)
		n += skb->cb[i];
                   //^^^^^^^^^^ E0751: the context is accessed through a changed pointer
#endif
	return n & 1;
}

char LICENSE[] SEC("license") = "GPL";
