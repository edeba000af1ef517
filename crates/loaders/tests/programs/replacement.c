/* A function of another program, replaced while that is loaded. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("freplace/answer")
int new_answer(struct __sk_buff *skb)
{
	return 42;
}

char LICENSE[] SEC("license") = "GPL";
