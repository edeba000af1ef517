// Helpers that change packets: bytes, checksums, length.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc") int store(struct __sk_buff *skb)
{
	__u8 bytes[4] = { 0xca, 0xfe, 0xba, 0xbe }, back[2];

	if (bpf_skb_store_bytes(skb, 14, bytes, sizeof(bytes), 0))
		return TC_ACT_SHOT;
	if (bpf_skb_load_bytes(skb, 15, back, sizeof(back)))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, skb->len - 3, bytes, sizeof(bytes), 0) == 0)
		return TC_ACT_SHOT;
	return back[0] << 8 | back[1];
}

SEC("tc") int l3(struct __sk_buff *skb)
{
	// A 16-bit word of the header changes from 0x4011 to 0x3f11.
	return bpf_l3_csum_replace(skb, 24, 0x1140, 0x113f, 2) ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("tc") int grow(struct __sk_buff *skb)
{
	return bpf_skb_change_tail(skb, skb->len + 4, 0) ? TC_ACT_SHOT : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";

//~ run store packet=hex"000102030405060708090a0b88b5 0000000000" == 0xfeba
//~ packet == hex"000102030405060708090a0b88b5 cafebabe00"
//~ run l3 packet=hex"000102030405 060708090a0b 0800 45000014 00000000 4011 9bdb 0a000001 0a000002" == TC_ACT_OK
//~ packet == hex"000102030405 060708090a0b 0800 45000014 00000000 4011 9cdb 0a000001 0a000002"
//~ run grow packet=hex"000102030405060708090a0b88b5 0102" == TC_ACT_OK
//~ packet == hex"000102030405060708090a0b88b5 0102 00000000"
