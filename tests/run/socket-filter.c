// A socket filter returns how many bytes of the packet the socket gets.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket") int first_byte(struct __sk_buff *skb)
{
	__u8 byte;

	if (bpf_skb_load_bytes(skb, 0, &byte, 1))
		return 0;
	return byte;
}

SEC("socket") int word(struct __sk_buff *skb)
{
	__u16 word;

	if (bpf_skb_load_bytes(skb, 2, &word, sizeof(word)))
		return 0;
	return __builtin_bswap16(word);
}

SEC("socket") int whole(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("socket") int too_far(struct __sk_buff *skb)
{
	__u32 x;

	return bpf_skb_load_bytes(skb, 19, &x, sizeof(x)) < 0 ? 1 : 2;
}

char LICENSE[] SEC("license") = "GPL";

//~ run first_byte packet=hex"ab01 0203 0405 0607 0809 0a0b 0c0d 0e0f 1011 1213" == 0xab
//~ run word packet=hex"ab01 0203 0405 0607 0809 0a0b 0c0d 0e0f 1011 1213" == 0x0203
//~ run whole packet=hex"ab01 0203 0405 0607 0809 0a0b 0c0d 0e0f 1011 1213" == 20
//~ run too_far packet=hex"ab01 0203 0405 0607 0809 0a0b 0c0d 0e0f 1011 1213" == 1
