// The context is indexed with a variable.
//@ no-edit: a field at a variable offset has to be chosen by branches
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int mark(struct __sk_buff *skb)
{
	__u32 i = skb->mark & 3;

#ifdef FIXED
	switch (i) {
	case 0: return skb->cb[0];
	case 1: return skb->cb[1];
	case 2: return skb->cb[2];
	}
	return skb->cb[3];
#else
	return skb->cb[i];
             //^^^^^^^^^^ E0751: `skb->cb[i]` accesses the context at an offset that is not constant
#endif
}

char LICENSE[] SEC("license") = "GPL";
