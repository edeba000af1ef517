// A tc program reads and writes fields of its context.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc") int length(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("tc") int marked(struct __sk_buff *skb)
{
	if (skb->mark == 0x1234)
		return TC_ACT_SHOT;
	skb->mark = 0x1234;
	return skb->mark == 0x1234 ? TC_ACT_OK : TC_ACT_UNSPEC;
}

SEC("tc") int scratch(struct __sk_buff *skb)
{
	skb->cb[0] = 5;
	skb->cb[4] = skb->cb[0] + 1;
	skb->priority = skb->cb[4];
	return skb->priority;
}

SEC("tc") int direct(struct __sk_buff *skb)
{
	unsigned char *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 14 > end)
		return TC_ACT_SHOT;
	data[0] ^= 0xff;
	return data[12] << 8 | data[13];
}

char LICENSE[] SEC("license") = "GPL";

//~ run length packet=hex"000102030405060708090a0b0c0d0e0f 1011121314" == 21
//~ run marked packet=hex"000102030405060708090a0b88b5 0000" == TC_ACT_OK
//~ run marked ctx.mark=0x1234 packet=hex"000102030405060708090a0b88b5 0000" == TC_ACT_SHOT
//~ run scratch packet=hex"000102030405060708090a0b88b5 0000" == 6
//~ run direct packet=hex"000102030405060708090a0b88b5 0000" == 0x88b5
//~ packet == hex"ff0102030405060708090a0b88b5 0000"
