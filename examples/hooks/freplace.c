// A function of a program that is loaded already is replaced: `freplace:PROGRAM_ID:weigh`.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

__attribute__((noinline)) int weigh(struct __sk_buff *skb)
{
	return skb->len > 100;
}

SEC("tc")
int on_packet(struct __sk_buff *skb)
{
	return weigh(skb);
}

SEC("freplace/weigh")
int weigh_again(struct __sk_buff *skb)
{
	seen++;
	return 42;
}

char LICENSE[] SEC("license") = "GPL";
