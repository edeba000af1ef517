// Counts the packets and bytes of each protocol that a network interface receives.
//
//   bpfc run examples/xdp_count.c --packet examples/mixed.pcap     in the virtual machine
//   bpfc run --kernel examples/xdp_count.c --attach count=xdp:eth0 on a real interface
//
// XDP programs run for every packet, before the kernel itself looks at it. They see
// nothing but its bytes, from `data` up to `data_end`.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum protocol { OTHER, ARP, ICMP, TCP, UDP, ICMPV6 };

struct counter {
	__u64 packets;
	__u64 bytes;
};

// A map outlives each run of the program; it is printed at the end. The key is an
// enumeration, so the table shows names.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, enum protocol);
	__type(value, struct counter);
} counters SEC(".maps");

static enum protocol from_ip_protocol(__u8 number)
{
	switch (number) {
	case IPPROTO_ICMP:
		return ICMP;
	case IPPROTO_TCP:
		return TCP;
	case IPPROTO_UDP:
		return UDP;
	case IPPROTO_ICMPV6:
		return ICMPV6;
	default:
		return OTHER;
	}
}

// Every access needs a check that it ends before `data_end`: without it the kernel
// refuses the program, and `bpfc check` says which check is missing.
static enum protocol classify(void *data, void *data_end)
{
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > data_end)
		return OTHER;
	if (eth->h_proto == bpf_htons(ETH_P_ARP))
		return ARP;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > data_end)
			return OTHER;
		return from_ip_protocol(ip->protocol);
	}
	if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = (void *)(eth + 1);

		if ((void *)(ip6 + 1) > data_end)
			return OTHER;
		return from_ip_protocol(ip6->nexthdr);
	}
	return OTHER;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	enum protocol protocol = classify(data, data_end);
	__u64 length = data_end - data;
	struct counter *counter = bpf_map_lookup_elem(&counters, &protocol);

	if (counter) {
		// Packets arrive on many CPUs at once, hence the atomic additions.
		__sync_fetch_and_add(&counter->packets, 1);
		__sync_fetch_and_add(&counter->bytes, length);
	} else {
		struct counter first = { .packets = 1, .bytes = length };

		bpf_map_update_elem(&counters, &protocol, &first, BPF_ANY);
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
