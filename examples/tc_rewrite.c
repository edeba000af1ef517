// Rewrites the destination port of UDP packets from 5353 to 53 and repairs the checksum.
//
//   bpfc run examples/tc_rewrite.c --packet examples/mixed.pcap
//
// A tc program runs where packets enter or leave the kernel's network stack. Unlike XDP it
// gets a `__sk_buff`, and helpers that change packets for it.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stddef.h>

#define UDP_OFFSET (sizeof(struct ethhdr) + sizeof(struct iphdr))

const volatile __u16 from_port = 5353;
const volatile __u16 to_port = 53;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} rewritten SEC(".maps");

SEC("tc")
int rewrite(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct udphdr *udp = data + UDP_OFFSET;
	__be16 old_port, new_port = bpf_htons(to_port);
	__u32 zero = 0;
	__u64 *count;

	if ((void *)(udp + 1) > data_end)
		return TC_ACT_OK;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_UDP)
		return TC_ACT_OK;
	if (udp->dest != bpf_htons(from_port))
		return TC_ACT_OK;

	old_port = udp->dest;
	// Helpers that change the packet may move it: `data` and all pointers derived from it
	// are void afterwards, so nothing below uses them.
	bpf_l4_csum_replace(skb, UDP_OFFSET + offsetof(struct udphdr, check), old_port, new_port,
			    sizeof(new_port) | BPF_F_MARK_MANGLED_0);
	bpf_skb_store_bytes(skb, UDP_OFFSET + offsetof(struct udphdr, dest), &new_port,
			    sizeof(new_port), 0);

	count = bpf_map_lookup_elem(&rewritten, &zero);
	if (count)
		__sync_fetch_and_add(count, 1);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
