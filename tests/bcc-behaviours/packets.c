// Packets: headers that are read and written member by member, and direct access.
#include <bcc/proto.h>
#include <linux/if_ether.h>

struct flow {
	u32 from;
	u32 to : 32;
};
struct count {
	u64 n_packets;
	u64 n_bytes;
	u16 port : 16;
};
BPF_HASH(flows, struct flow, struct count, 128);

// BCC behaviour 1: labels named like headers, jumps out of switches, members that are bit-fields, sums that follow writes.
int translate(struct __sk_buff *skb)
{
	u8 *cursor = 0;
	struct ethernet_t *frame = cursor_advance(cursor, sizeof(*frame));
	switch (frame->type) {
	case ETH_P_IP:
		goto ip;
	case ETH_P_8021Q:
		goto tagged;
	default:
		goto out;
	}
tagged: {
	struct dot1q_t *tag = cursor_advance(cursor, sizeof(*tag));
	if (tag->type == ETH_P_IP)
		goto ip;
	goto out;
}
ip: {
	struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
	struct flow key = {};
	struct count *count, none = {};
	key.from = ip->src;
	key.to = ip->dst;
	count = flows.lookup_or_try_init(&key, &none);
	if (count) {
		lock_xadd(&count->n_packets, 1);
		lock_xadd(&count->n_bytes, ip->tlen);
	}
	u32 target = 0x0a000001;
	switch (ip->nextp) {
	case IPPROTO_TCP: {
		struct tcp_t *tcp = cursor_advance(cursor, sizeof(*tcp));
		incr_cksum_l4(&tcp->cksum, ip->dst, target, 1);
		incr_cksum_l4(&tcp->cksum, tcp->dst_port, 8080, 0);
		tcp->dst_port = 8080;
		break;
	}
	case IPPROTO_UDP: {
		struct udp_t *udp = cursor_advance(cursor, sizeof(*udp));
		udp->dport = udp->sport;
		break;
	}
	}
	incr_cksum_l3(&ip->hchecksum, ip->dst, target);
	ip->dst = target;
	ip->ttl = ip->ttl - 1;
}
out:
	return 0;
}

// BCC behaviour 2: members of 48 bits are values of their own.
int addresses(struct __sk_buff *skb)
{
	u8 *cursor = 0;
	struct ethernet_t *frame = cursor_advance(cursor, sizeof(*frame));
	bpf_trace_printk("%llx to %llx, %x\n", frame->src, frame->dst, frame->type);
	return 0;
}

// BCC behaviour 52: a member that is made of another one.
int mirror(struct __sk_buff *skb)
{
	u8 *cursor = 0;
	struct ethernet_t *frame = cursor_advance(cursor, sizeof(*frame));
	struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
	ip->src = ip->dst;
	frame->src = frame->dst;
	return 0;
}

// BCC behaviour 68: what `data` points to is read as it is.
int direct(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *frame = data;
	struct iphdr *ip = data + sizeof(*frame);
	if (data + sizeof(*frame) + sizeof(*ip) > end)
		return 0;
	return frame->h_proto == bpf_htons(ETH_P_IP) && ip->version == 4 ? ip->protocol : 0;
}
