// The macro picks the pointer, not the value.
//@ no-edit: both accesses have to be written, each in its branch
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define EITHER(c, a, b) ((c) ? (a) : (b))

SEC("tc")
int pick(struct __sk_buff *skb)
{
	struct __sk_buff other = {};

	other.mark = bpf_get_prandom_u32();
#ifdef FIXED
	return EITHER(skb->priority, skb->mark, other.mark);
#else
	return EITHER(skb->priority, skb, &other)->mark;
             //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0752: `EITHER(skb->priority, skb, &other)->mark` goes through different kinds of pointers
#endif
}

char LICENSE[] SEC("license") = "GPL";
