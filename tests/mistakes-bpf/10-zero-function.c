// The function checks one end only.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline int peek(struct __sk_buff *skb, char *head, __u32 len)
{
	if (len > 64)
		return -1;
	return bpf_skb_load_bytes(skb, 0, head, len);
                                              //^^^ E0748: size `len` of `bpf_skb_load_bytes` may be zero
}

SEC("tc")
int first(struct __sk_buff *skb)
{
	char head[64] = {};

	if (peek(skb, head, skb->len))
		return 0;
	return head[0];
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (len == 0)
//| +		return 0;
