/* Has a function that another object replaces. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__noinline int answer(struct __sk_buff *skb)
{
	volatile int one = 1;

	return one + skb->len - skb->len;
}

SEC("tc")
int ask(struct __sk_buff *skb)
{
	return answer(skb);
}

char LICENSE[] SEC("license") = "GPL";
