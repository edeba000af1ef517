// Drops TCP and UDP packets to the ports that a map lists.
//
//   bpfc run examples/xdp_firewall.c --packet examples/mixed.pcap
//
// The list is an ordinary map: `blocked_ports` starts with what `initialise` puts there on
// the first packet, and another program can change it while this one runs.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// The key is the port; the value counts what was dropped.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u16);
	__type(value, __u64);
} blocked_ports SEC(".maps");

enum verdict { PASSED, DROPPED };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, enum verdict);
	__type(value, __u64);
} verdicts SEC(".maps");

// Read-only data: set before the program is loaded, a constant for the verifier.
const volatile __u16 first_blocked_port = 23;

static __u8 is_initialised;

static void initialise(void)
{
	__u16 port = first_blocked_port;
	__u64 none = 0;

	if (is_initialised)
		return;
	is_initialised = 1;
	bpf_map_update_elem(&blocked_ports, &port, &none, BPF_NOEXIST);
}

// The destination port in host order, or -1 if the packet has none.
static int destination_port(void *data, void *data_end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > data_end)
		return -1;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return -1;
	// A header with options is longer than `struct iphdr`; ports follow the options.
	if (ip->ihl != 5)
		return -1;
	if (ip->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = (void *)(ip + 1);

		if ((void *)(tcp + 1) > data_end)
			return -1;
		return bpf_ntohs(tcp->dest);
	}
	if (ip->protocol == IPPROTO_UDP) {
		struct udphdr *udp = (void *)(ip + 1);

		if ((void *)(udp + 1) > data_end)
			return -1;
		return bpf_ntohs(udp->dest);
	}
	return -1;
}

static void record(enum verdict verdict)
{
	__u64 *count = bpf_map_lookup_elem(&verdicts, &verdict);

	if (count)
		__sync_fetch_and_add(count, 1);
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	int port = destination_port(data, data_end);

	initialise();
	if (port >= 0) {
		__u16 key = port;
		__u64 *n_dropped = bpf_map_lookup_elem(&blocked_ports, &key);

		if (n_dropped) {
			__sync_fetch_and_add(n_dropped, 1);
			record(DROPPED);
			return XDP_DROP;
		}
	}
	record(PASSED);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
