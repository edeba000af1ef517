// A mask lets zero through.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define UP_TO_63(n) ((n) & 63)

SEC("tc")
int peek(struct __sk_buff *skb)
{
	char head[64] = {};
	__u32 len = UP_TO_63(skb->len);

	bpf_skb_load_bytes(skb, 0, head, len);
                                       //^^^ E0748: size `len` of `bpf_skb_load_bytes` may be zero
	return head[0];
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (len == 0)
//| +		return 0;
