// Writes into the packet: swaps addresses and repairs a checksum.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int bounce(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	__u8 old[ETH_ALEN];
	__u32 address, sum;

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	__builtin_memcpy(old, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, old, ETH_ALEN);
	address = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = address;
	// RFC 1624: HC' = ~(~HC + ~m + m').
	sum = (__u16)~ip->check + (__u16)~bpf_htons(ip->ttl << 8) + bpf_htons((ip->ttl - 1) << 8);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~((sum & 0xffff) + (sum >> 16));
	ip->ttl--;
	return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";

//~ run packet=hex"0a0b0c0d0e0f 010203040506 0800 45000014 00000000 40119bdb 0a000001 0a000002 aa" == XDP_TX
//~ packet == hex"010203040506 0a0b0c0d0e0f 0800 45000014 00000000 3f119cdb 0a000002 0a000001 aa"
//~ run packet=hex"0a0b0c0d0e0f 010203040506 0800 4500" == XDP_PASS
//~ packet == hex"0a0b0c0d0e0f 010203040506 0800 4500"
