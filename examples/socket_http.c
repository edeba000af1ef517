// Lets through only the packets that carry an HTTP request or response.
//
//   bpfc run examples/socket_http.c --packet examples/mixed.pcap
//
// A socket filter decides how many bytes of each packet a socket gets: none, or all. It
// may not touch the packet directly; `bpf_skb_load_bytes` copies bytes out of it.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stddef.h>

#define DROP 0
#define KEEP -1

enum kind { NOT_HTTP, REQUEST, RESPONSE };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, enum kind);
	__type(value, __u64);
} seen SEC(".maps");

static enum kind classify(const unsigned char *start)
{
	if (start[0] == 'H' && start[1] == 'T' && start[2] == 'T' && start[3] == 'P')
		return RESPONSE;
	if (start[0] == 'G' && start[1] == 'E' && start[2] == 'T' && start[3] == ' ')
		return REQUEST;
	if (start[0] == 'P' && start[1] == 'O' && start[2] == 'S' && start[3] == 'T')
		return REQUEST;
	if (start[0] == 'P' && start[1] == 'U' && start[2] == 'T' && start[3] == ' ')
		return REQUEST;
	if (start[0] == 'H' && start[1] == 'E' && start[2] == 'A' && start[3] == 'D')
		return REQUEST;
	return NOT_HTTP;
}

static enum kind look_at(struct __sk_buff *skb)
{
	unsigned char start[4];
	struct iphdr ip;
	struct tcphdr tcp;
	__u32 offset = ETH_HLEN;
	__be16 ethertype;

	if (bpf_skb_load_bytes(skb, offsetof(struct ethhdr, h_proto), &ethertype, sizeof(ethertype)))
		return NOT_HTTP;
	if (ethertype != bpf_htons(ETH_P_IP))
		return NOT_HTTP;
	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || ip.protocol != IPPROTO_TCP)
		return NOT_HTTP;
	offset += ip.ihl * 4;
	if (bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)))
		return NOT_HTTP;
	offset += tcp.doff * 4;
	if (bpf_skb_load_bytes(skb, offset, start, sizeof(start)))
		return NOT_HTTP;
	return classify(start);
}

SEC("socket")
int http_only(struct __sk_buff *skb)
{
	enum kind kind = look_at(skb);
	__u64 *count = bpf_map_lookup_elem(&seen, &kind);

	if (count)
		__sync_fetch_and_add(count, 1);
	return kind == NOT_HTTP ? DROP : KEEP;
}

char LICENSE[] SEC("license") = "GPL";
