// A static function is called with both.
//@ no-edit: both accesses have to be written, each in its branch
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __attribute__((noinline)) int mark_of(struct __sk_buff *skb)
{
	return skb->mark;
             //^^^^^^^^^ E0752: `skb->mark` goes through different kinds of pointers
}

SEC("tc")
int pick(struct __sk_buff *skb)
{
	struct __sk_buff other = {};

	other.mark = bpf_get_prandom_u32();
#ifdef FIXED
	return skb->priority ? mark_of(skb) : other.mark;
#else
	return mark_of(skb->priority ? skb : &other);
#endif
}

char LICENSE[] SEC("license") = "GPL";
