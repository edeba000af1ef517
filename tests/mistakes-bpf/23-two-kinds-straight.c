// One load for two kinds of pointer.
//@ no-edit: both accesses have to be written, each in its branch
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int pick(struct __sk_buff *skb)
{
	struct __sk_buff other = {};
	struct __sk_buff *which;

	other.mark = bpf_get_prandom_u32();
#ifdef FIXED
	return skb->priority ? skb->mark : other.mark;
#else
	which = skb->priority ? skb : &other;
	return which->mark;
             //^^^^^^^^^^^ E0752: `which->mark` goes through different kinds of pointers
#endif
}

char LICENSE[] SEC("license") = "GPL";
