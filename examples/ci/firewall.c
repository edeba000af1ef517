/* A firewall at the first place a packet comes to: blocked networks, closed ports, a limit of new connections for each source. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLAN_DEPTH 2

enum reason { PASSED, MALFORMED, BLOCKED_NETWORK, CLOSED_PORT, TOO_MANY_CONNECTIONS, FRAGMENT, N_REASONS };

struct network {
    __u32 n_bits;
    __be32 address;
};

struct drop {
    __be32 source;
    __u32 reason;
};

struct vlan_header {
    __be16 tag;
    __be16 inner;
};

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(max_entries, 1024);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct network);
    __type(value, __u8);
} blocked SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, __u16);
    __type(value, __u8);
} open_ports SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 65536);
    __type(key, __be32);
    __type(value, __u32);
} connections SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, N_REASONS);
    __type(key, __u32);
    __type(value, __u64);
} verdicts SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 16);
} drops SEC(".maps");

const volatile __u32 max_connections = 3;
const volatile _Bool lets_fragments_in = 0;

static int verdict(__u32 reason, __be32 source)
{
    __u64 *count = bpf_map_lookup_elem(&verdicts, &reason);

    if (count)
        (*count)++;
    if (reason == PASSED)
        return XDP_PASS;
    struct drop *drop = bpf_ringbuf_reserve(&drops, sizeof(*drop), 0);
    if (drop) {
        drop->source = source;
        drop->reason = reason;
        bpf_ringbuf_submit(drop, 0);
    }
    return XDP_DROP;
}

static int is_open(__be16 port)
{
    __u16 number = bpf_ntohs(port);
    return bpf_map_lookup_elem(&open_ports, &number) != 0;
}

static int is_one_too_many(__be32 source)
{
    __u32 one = 1, *count = bpf_map_lookup_elem(&connections, &source);

    if (!count) {
        bpf_map_update_elem(&connections, &source, &one, BPF_ANY);
        return 0;
    }
    return __sync_fetch_and_add(count, 1) >= max_connections;
}

static __u32 judge_transport(__u8 protocol, void *header, void *end, __be32 source)
{
    if (protocol == IPPROTO_TCP) {
        struct tcphdr *tcp = header;
        if ((void *)(tcp + 1) > end)
            return MALFORMED;
        if (!tcp->syn || tcp->ack)
            return PASSED;
        if (!is_open(tcp->dest))
            return CLOSED_PORT;
        return is_one_too_many(source) ? TOO_MANY_CONNECTIONS : PASSED;
    }
    if (protocol == IPPROTO_UDP) {
        struct udphdr *udp = header;
        if ((void *)(udp + 1) > end)
            return MALFORMED;
        return is_open(udp->dest) ? PASSED : CLOSED_PORT;
    }
    return PASSED;
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    void *next = eth + 1;

    if (next > end)
        return verdict(MALFORMED, 0);
    __be16 type = eth->h_proto;
    for (int i = 0; i < VLAN_DEPTH; i++) {
        struct vlan_header *vlan = next;
        if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
            break;
        next = vlan + 1;
        if (next > end)
            return verdict(MALFORMED, 0);
        type = vlan->inner;
    }
    if (type == bpf_htons(ETH_P_IPV6)) {
        struct ipv6hdr *ip = next;
        if ((void *)(ip + 1) > end)
            return verdict(MALFORMED, 0);
        return verdict(judge_transport(ip->nexthdr, ip + 1, end, 0), 0);
    }
    if (type != bpf_htons(ETH_P_IP))
        return verdict(PASSED, 0);

    struct iphdr *ip = next;
    if ((void *)(ip + 1) > end || ip->ihl < 5)
        return verdict(MALFORMED, 0);
    struct network source = {32, ip->saddr};
    if (bpf_map_lookup_elem(&blocked, &source))
        return verdict(BLOCKED_NETWORK, ip->saddr);
    if (ip->frag_off & bpf_htons(0x1fff))
        return verdict(lets_fragments_in ? PASSED : FRAGMENT, ip->saddr);
    return verdict(judge_transport(ip->protocol, next + ip->ihl * 4, end, ip->saddr), ip->saddr);
}

char _license[] SEC("license") = "GPL";
