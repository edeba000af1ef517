// The length may be zero.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int peek(struct __sk_buff *skb)
{
	char head[64] = {};
	__u32 len = skb->len;

	if (len > sizeof(head))
		len = sizeof(head);
	if (bpf_skb_load_bytes(skb, 0, head, len))
                                           //^^^ E0748: size `len` of `bpf_skb_load_bytes` may be zero
		return 0;
	return head[0];
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (len == 0)
//| +		return 0;
