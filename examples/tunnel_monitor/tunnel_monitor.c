// Counts what VXLAN tunnels carry, where the tunnelled packets cross a physical interface.
//
//   sudo python3 examples/tunnel_monitor/monitor.py --simulate     shows it in a browser
//
// A VXLAN packet is a whole Ethernet frame inside a UDP datagram:
//
//   Ethernet | IPv4 or IPv6 | UDP, port 4789 | VXLAN | Ethernet | IPv4 or IPv6 | TCP, UDP, …
//   `------- outer: from host to host ------'        `--- inner: from guest to guest ---'
//
// The program is a socket filter: it sees what the interface receives and sends, can change none of it, and is gone with the
// process that attached it. It keeps no packet.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// RFC 7348 §5; flannel, for one, uses Linux's older 8472 (-DVXLAN_PORT=8472).
#ifndef VXLAN_PORT
#define VXLAN_PORT 4789
#endif

// How many keys each table has room for; what was not seen for the longest time makes room for new ones.
#ifndef MAX_KEYS
#define MAX_KEYS 4096
#endif

#define MAX_VLAN_TAGS 2
#define MAX_EXTENSIONS 4

// What became of a packet: exactly one of these.
enum outcome {
	COUNTED,           // in all tables
	NOT_VXLAN,
	CUT_SHORT,         // ends inside the outer headers
	LATER_FRAGMENT,    // of an outer packet: only the first has ports
	BAD_HEADER,        // an outer IP or VXLAN header that contradicts its RFC
	INNER_NOT_IP,      // ARP and the like: counted between hosts only
	INNER_CUT_SHORT,   // and so are these two
	INNER_BAD_HEADER,
	NO_ROOM,           // a table took no new key
	N_OUTCOMES,
};

// IPv4 addresses are ::ffff:a.b.c.d, as sockets write them.
struct address {
	__u8 bytes[16];
};

struct host_pair {
	struct address src, dst;
};

struct inner_pair {
	__u32 vni;
	struct address src, dst;
};

struct service {
	__u32 vni;
	__u16 port;        // the lower one of the two, 0 if the protocol has none
	__u8 protocol;
	__u8 unused;
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

// By the addresses of the outer packet; bytes are those of the whole frame.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_KEYS);
	__type(key, struct host_pair);
	__type(value, struct counter);
} hosts SEC(".maps");

// By network and inner addresses: different networks may use the same ones. Bytes are those of the inner frame.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_KEYS);
	__type(key, struct inner_pair);
	__type(value, struct counter);
} pairs SEC(".maps");

// By what the inner packets are for.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_KEYS);
	__type(key, struct service);
	__type(value, struct counter);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, N_OUTCOMES);
	__type(key, __u32);
	__type(value, __u64);
} outcomes SEC(".maps");

// How many keys were made in each table: those that are no longer there were forgotten.
enum table { HOSTS, PAIRS, SERVICES, N_TABLES };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, N_TABLES);
	__type(key, __u32);
	__type(value, __u64);
} created SEC(".maps");

struct ip_packet {
	struct address src, dst;
	__u32 payload;     // where it begins in the frame
	__u8 protocol;
	__u8 later_fragment;
};

static void set_ipv4(struct address *address, __be32 ipv4)
{
	*address = (struct address){ .bytes[10] = 0xff, .bytes[11] = 0xff };
	__builtin_memcpy(&address->bytes[12], &ipv4, sizeof(ipv4));
}

// Reads the Ethernet header at `*offset`, and VLAN tags behind it; `*offset` is then behind them.
static enum outcome read_ethernet(struct __sk_buff *skb, __u32 *offset, __be16 *protocol)
{
	*offset += offsetof(struct ethhdr, h_proto);
	for (int i = 0; i <= MAX_VLAN_TAGS; i++) {
		if (bpf_skb_load_bytes(skb, *offset, protocol, sizeof(*protocol)))
			return CUT_SHORT;
		*offset += sizeof(*protocol);
		if (*protocol != bpf_htons(ETH_P_8021Q) && *protocol != bpf_htons(ETH_P_8021AD))
			break;
		// The tag itself.
		*offset += sizeof(__be16);
	}
	return COUNTED;
}

static enum outcome read_ipv4(struct __sk_buff *skb, __u32 offset, struct ip_packet *packet)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
		return CUT_SHORT;
	if (ip.version != 4 || ip.ihl < 5)
		return BAD_HEADER;
	set_ipv4(&packet->src, ip.saddr);
	set_ipv4(&packet->dst, ip.daddr);
	packet->protocol = ip.protocol;
	packet->later_fragment = (ip.frag_off & bpf_htons(0x1fff)) != 0;
	packet->payload = offset + ip.ihl * 4;
	return COUNTED;
}

// Follows the extension headers that may stand before the payload (RFC 8200 §4).
static enum outcome read_extensions(struct __sk_buff *skb, struct ip_packet *packet)
{
	struct {
		__u8 next, length;
		__be16 fragment;
	} header;

	for (int i = 0; i < MAX_EXTENSIONS; i++) {
		switch (packet->protocol) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_FRAGMENT:
			break;
		default:
			return COUNTED;
		}
		if (bpf_skb_load_bytes(skb, packet->payload, &header, sizeof(header)))
			return CUT_SHORT;
		if (packet->protocol == IPPROTO_FRAGMENT) {
			packet->later_fragment = (header.fragment & bpf_htons(0xfff8)) != 0;
			packet->payload += 8;
		} else {
			packet->payload += (header.length + 1) * 8;
		}
		packet->protocol = header.next;
		if (packet->later_fragment)
			break;
	}
	return COUNTED;
}

static enum outcome read_ipv6(struct __sk_buff *skb, __u32 offset, struct ip_packet *packet)
{
	struct ipv6hdr ip;

	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
		return CUT_SHORT;
	if (ip.version != 6)
		return BAD_HEADER;
	__builtin_memcpy(&packet->src, &ip.saddr, sizeof(packet->src));
	__builtin_memcpy(&packet->dst, &ip.daddr, sizeof(packet->dst));
	packet->protocol = ip.nexthdr;
	packet->later_fragment = 0;
	packet->payload = offset + sizeof(ip);
	return read_extensions(skb, packet);
}

// Reads the frame at `offset` up to what IP carries; NOT_VXLAN if it is not IP.
static enum outcome read_frame(struct __sk_buff *skb, __u32 offset, struct ip_packet *packet)
{
	__be16 protocol = 0;
	enum outcome outcome = read_ethernet(skb, &offset, &protocol);

	if (outcome != COUNTED)
		return outcome;
	if (protocol == bpf_htons(ETH_P_IP))
		return read_ipv4(skb, offset, packet);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return read_ipv6(skb, offset, packet);
	return NOT_VXLAN;
}

// Reads UDP and VXLAN headers (RFC 7348 §5): the network's number, and where the inner frame begins.
static enum outcome read_vxlan(struct __sk_buff *skb, const struct ip_packet *outer, __u32 *vni, __u32 *inner)
{
	struct udphdr udp;
	__be32 vxlan[2];

	if (outer->protocol != IPPROTO_UDP)
		return NOT_VXLAN;
	if (outer->later_fragment)
		return LATER_FRAGMENT;
	if (bpf_skb_load_bytes(skb, outer->payload, &udp, sizeof(udp)))
		return CUT_SHORT;
	if (udp.dest != bpf_htons(VXLAN_PORT))
		return NOT_VXLAN;
	if (bpf_skb_load_bytes(skb, outer->payload + sizeof(udp), vxlan, sizeof(vxlan)))
		return CUT_SHORT;
	// The flag I: the number is valid.
	if (!(vxlan[0] & bpf_htonl(0x08000000)))
		return BAD_HEADER;
	*vni = bpf_ntohl(vxlan[1]) >> 8;
	*inner = outer->payload + sizeof(udp) + sizeof(vxlan);
	return COUNTED;
}

// Servers nearly always have the lower port; so both directions count for the same service.
static enum outcome read_port(struct __sk_buff *skb, const struct ip_packet *packet, __u16 *port)
{
	__be16 ports[2];

	*port = 0;
	switch (packet->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		break;
	default:
		return COUNTED;
	}
	if (packet->later_fragment)
		return COUNTED;
	if (bpf_skb_load_bytes(skb, packet->payload, ports, sizeof(ports)))
		return INNER_CUT_SHORT;
	__u16 src = bpf_ntohs(ports[0]), dst = bpf_ntohs(ports[1]);
	*port = src < dst ? src : dst;
	return COUNTED;
}

static void increment(void *map, __u32 index)
{
	__u64 *number = bpf_map_lookup_elem(map, &index);

	// Each CPU has its own.
	if (number)
		*number += 1;
}

static __always_inline enum outcome add(void *map, enum table table, const void *key, struct counter seen)
{
	struct counter *counter = bpf_map_lookup_elem(map, key);

	if (!counter) {
		struct counter none = {};

		// Another CPU may be first: then its counter is there.
		if (bpf_map_update_elem(map, key, &none, BPF_NOEXIST) == 0)
			increment(&created, table);
		counter = bpf_map_lookup_elem(map, key);
		if (!counter)
			return NO_ROOM;
	}
	__sync_fetch_and_add(&counter->packets, seen.packets);
	__sync_fetch_and_add(&counter->bytes, seen.bytes);
	return COUNTED;
}

static enum outcome count_inner(struct __sk_buff *skb, __u32 vni, __u32 offset, struct counter seen)
{
	struct ip_packet packet = {};
	struct service service = { .vni = vni };
	enum outcome outcome = read_frame(skb, offset, &packet);

	switch (outcome) {
	case COUNTED:
		break;
	case CUT_SHORT:
		return INNER_CUT_SHORT;
	case BAD_HEADER:
		return INNER_BAD_HEADER;
	default:
		return INNER_NOT_IP;
	}
	outcome = read_port(skb, &packet, &service.port);
	if (outcome != COUNTED)
		return outcome;
	service.protocol = packet.protocol;

	struct inner_pair pair = { .vni = vni, .src = packet.src, .dst = packet.dst };

	outcome = add(&pairs, PAIRS, &pair, seen);
	if (outcome != COUNTED)
		return outcome;
	return add(&services, SERVICES, &service, seen);
}

static enum outcome count_packet(struct __sk_buff *skb)
{
	struct ip_packet outer = {};
	__u32 vni = 0, inner = 0;
	enum outcome outcome = read_frame(skb, 0, &outer);

	if (outcome == COUNTED)
		outcome = read_vxlan(skb, &outer, &vni, &inner);
	if (outcome != COUNTED)
		return outcome;

	struct host_pair pair = { .src = outer.src, .dst = outer.dst };
	// What the interface or its driver splits later is one here.
	__u32 n_packets = skb->gso_segs ? skb->gso_segs : 1;
	struct counter seen = { .packets = n_packets, .bytes = skb->len };

	outcome = add(&hosts, HOSTS, &pair, seen);
	if (outcome != COUNTED)
		return outcome;
	seen.bytes -= inner;
	return count_inner(skb, vni, inner, seen);
}

SEC("socket")
int count_tunnels(struct __sk_buff *skb)
{
#ifdef ARRIVING_ONLY
	// Where all hosts are watched, each packet is sent by one and received by another.
	if (skb->pkt_type == PACKET_OUTGOING)
		return 0;
#endif
	increment(&outcomes, count_packet(skb));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
