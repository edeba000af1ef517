// Walks from Ethernet over VLAN tags and IP to the ports, with a bounds check in front of each step.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct vlan {
	__be16 tci;
	__be16 protocol;
};

struct cursor {
	void *at;
	void *end;
};

static __always_inline int parse_ethernet(struct cursor *c)
{
	struct ethhdr *eth = c->at;
	__be16 protocol;

	if ((void *)(eth + 1) > c->end)
		return -1;
	c->at = eth + 1;
	protocol = eth->h_proto;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		struct vlan *vlan = c->at;

		if (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(vlan + 1) > c->end)
			return -1;
		c->at = vlan + 1;
		protocol = vlan->protocol;
	}
	return protocol;
}

static __always_inline int parse_ip(struct cursor *c)
{
	struct iphdr *ip = c->at;
	int size;

	if ((void *)(ip + 1) > c->end)
		return -1;
	size = ip->ihl * 4;
	if (size < sizeof(*ip))
		return -1;
	if (c->at + size > c->end)
		return -1;
	c->at += size;
	return ip->protocol;
}

// The destination port, or what was found instead: 1 truncated, 2 no IP, 3 another protocol.
SEC("xdp") int port(struct xdp_md *ctx)
{
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	int ethernet = parse_ethernet(&c);
	int protocol;

	if (ethernet < 0)
		return 1;
	if (ethernet == bpf_htons(ETH_P_IP)) {
		protocol = parse_ip(&c);
		if (protocol < 0)
			return 1;
	} else if (ethernet == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = c.at;

		if ((void *)(ip6 + 1) > c.end)
			return 1;
		protocol = ip6->nexthdr;
		c.at = ip6 + 1;
	} else {
		return 2;
	}
	if (protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = c.at;

		if ((void *)(tcp + 1) > c.end)
			return 1;
		return bpf_ntohs(tcp->dest);
	}
	if (protocol == IPPROTO_UDP) {
		struct udphdr *udp = c.at;

		if ((void *)(udp + 1) > c.end)
			return 1;
		return bpf_ntohs(udp->dest);
	}
	return 3;
}

char LICENSE[] SEC("license") = "GPL";

// UDP to port 53.
//~ run packet=hex"ffffffffffff 020000000001 0800 4500001c 00010000 40110000 0a000001 0a000002 1234 0035 00080000" == 53
// One byte less.
//~ run packet=hex"ffffffffffff 020000000001 0800 4500001c 00010000 40110000 0a000001 0a000002 1234 0035 000800" == 1
// TCP to port 80 behind a VLAN tag, and behind two.
//~ run packet=hex"ffffffffffff 020000000001 8100 0064 0800 45000028 00010000 40060000 0a000001 0a000002 1234 0050 00000000 00000000 50020000 00000000" == 80
//~ run packet=hex"ffffffffffff 020000000001 88a8 0064 8100 0065 0800 45000028 00010000 40060000 0a000001 0a000002 1234 0050 00000000 00000000 50020000 00000000" == 80
// IP options.
//~ run packet=hex"ffffffffffff 020000000001 0800 46000020 00010000 40110000 0a000001 0a000002 01010101 1234 0043 00080000" == 67
// A header shorter than it may be.
//~ run packet=hex"ffffffffffff 020000000001 0800 44000020 00010000 40110000 0a000001 0a000002 01010101 1234 0043 00080000" == 1
// IPv6 and UDP.
//~ run packet=hex"333300000001 020000000001 86dd 60000000 00081140 fe800000000000000000000000000001 ff020000000000000000000000000001 1234 02bb 00080000" == 699
// ICMP, ARP, a runt.
//~ run packet=hex"ffffffffffff 020000000001 0800 4500001c 00010000 40010000 0a000001 0a000002 0800 0000 00000000" == 3
//~ run packet=hex"ffffffffffff 020000000001 0806 0001080006040001" == 2
//~ run packet=hex"ffffffffffff 020000000001 8100 0064" == 1
