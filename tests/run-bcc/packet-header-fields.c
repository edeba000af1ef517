// Members of the headers in <bcc/proto.h> are read from the packet, in the byte order of the host, and written
// into it.
#include <bcc/proto.h>

#define FIRST(type) \
    u8 *cursor = 0; \
    struct type *at = cursor_advance(cursor, sizeof(*at))

int dst(struct __sk_buff *skb)
{
	FIRST(ethernet_t);
	return at->dst >> 16;
}

int src(struct __sk_buff *skb)
{
	FIRST(ethernet_t);
	return at->src == 0x060708090a0bull;
}

int type(struct __sk_buff *skb)
{
	FIRST(ethernet_t);
	switch (at->type) {
	case ETH_P_IP: goto ip;
	default: return 0;
	}
ip: {
	struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
	return ip->ver << 28 | ip->hlen << 24 | ip->df << 20 | ip->mf << 16 | ip->foffset;
	}
}

int addresses(struct __sk_buff *skb)
{
	FIRST(ethernet_t);
	struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
	struct udp_t *udp = cursor_advance(cursor, sizeof(*udp));
	return ip->src + ip->dst + udp->dport;
}

int writes(struct __sk_buff *skb)
{
	FIRST(ethernet_t);
	struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
	at->src = 0x112233445566ull;
	ip->hlen = 6;
	ip->ttl -= 1;
	ip->mf = 0;
	ip->foffset++;
	return ip->ttl == 63 && (ip->src = 0xc0a80001) == 0xc0a80001 ? (int)(u64)&ip->dst : -1;
}

int checksum(struct __sk_buff *skb)
{
	FIRST(ethernet_t);
	struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
	u32 old = ip->dst, new = 0x0a010009;
	incr_cksum_l3(&ip->hchecksum, old, new);
	ip->dst = new;
	return ip->hchecksum;
}

// The same by the function that takes the packet, and with two bytes.
int checksum_of_packet(struct __sk_buff *skb)
{
	FIRST(ethernet_t);
	struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
	u16 old = ip->tlen, new = old + 0x102;
	incr_cksum_l3(&ip->hchecksum, old, new);
	bpf_l3_csum_replace_(skb, (u64)&ip->hchecksum, ip->dst, 0x0a010009, sizeof(u32));
	return ip->hchecksum;
}

//~ run dst packet=hex"000102030405 060708090a0b 0800 45000020 1234 6001 4011 abcd 0a000001 0a000002 1111 2222 000c 0000 61626364" == 0x00010203
//~ run src packet=hex"000102030405 060708090a0b 0800 45000020 1234 6001 4011 abcd 0a000001 0a000002 1111 2222 000c 0000 61626364" == 1
//~ run type packet=hex"000102030405 060708090a0b 0800 45000020 1234 6001 4011 abcd 0a000001 0a000002 1111 2222 000c 0000 61626364" == 0x45110001
//~ run type packet=hex"000102030405 060708090a0b 86dd 45000020 1234 6001 4011 abcd 0a000001 0a000002 1111 2222 000c 0000 61626364" == 0
//~ run addresses packet=hex"000102030405 060708090a0b 0800 45000020 1234 6001 4011 abcd 0a000001 0a000002 1111 2222 000c 0000 61626364" == 0x14002225
//~ run writes packet=hex"000102030405 060708090a0b 0800 45000020 1234 6001 4011 abcd 0a000001 0a000002 1111 2222 000c 0000 61626364" == 30
//~ packet == hex"000102030405 112233445566 0800 46000020 1234 4002 3f11 abcd c0a80001 0a000002 1111 2222 000c 0000 61626364"
//~ run checksum packet=hex"000102030405 060708090a0b 0800 45000020 1234 6001 4011 abcd 0a000001 0a000002 1111 2222 000c 0000 61626364" == 0xabc5
//~ run checksum_of_packet packet=hex"000102030405 060708090a0b 0800 45000020 1234 6001 4011 abcd 0a000001 0a000002 1111 2222 000c 0000 61626364" == 0xaac3
