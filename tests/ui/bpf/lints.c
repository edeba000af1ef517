// Programs that the kernel takes and that do something else than what was meant.
//@ flags: -Wall -Wextra -Wunchecked-probe-read -Wunchecked-update
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct holes {
	__u8 kind;
	__u64 when;
	__u32 last;
};
struct inner { __u16 a; struct { __u8 x; __u16 y; } b; };
struct whole { __u32 a, b; __u64 c; };

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); } hits SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } each SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); } unused SEC(".maps");
//~^ W0705: map `unused`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); __uint(pinning, LIBBPF_PIN_BY_NAME); } pinned SEC(".maps");

static __noinline void trace(struct xdp_md *ctx)
{
	bpf_printk("%d", ctx->ingress_ifindex); //~ W0706
}

SEC("xdp") int counts(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *shared = bpf_map_lookup_elem(&hits, &key), *own, one = 1;

	if (shared) {
		(*shared)++; //~ W0704: map `hits`
		//~^ help: `__sync_fetch_and_add`
		*shared += key; //~ W0704
		*shared |= 2; //~ W0704
		__sync_fetch_and_add(shared, 1);
		*shared = 7;
	} else {
		bpf_map_update_elem(&hits, &key, &one, BPF_ANY); //~ W0703
		(void)bpf_map_update_elem(&hits, &key, &one, BPF_ANY);
	}
	own = bpf_map_lookup_elem(&each, &key);
	if (own)
		*own += 1;
	trace(ctx);
	return XDP_PASS;
}

SEC("xdp") int events_with_holes(struct xdp_md *ctx)
{
	struct holes *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0); //~ W0701: 7 bytes of `struct holes` behind `kind`

	if (!event)
		return XDP_PASS;
	event->kind = 1;
	event->when = bpf_ktime_get_ns();
	event->last = ctx->ingress_ifindex;
	bpf_ringbuf_submit(event, 0);

	struct holes *filled = bpf_ringbuf_reserve(&events, sizeof(*filled), 0);

	if (!filled)
		return XDP_PASS;
	__builtin_memset(filled, 0, sizeof(*filled));
	bpf_ringbuf_submit(filled, 0);

	struct inner nested = { .a = 1 };
	struct whole none;

	none.a = none.b = none.c = 1;
	bpf_ringbuf_output(&events, &none, sizeof(none), 0);
	bpf_ringbuf_output(&events, &nested, sizeof(nested), 0);
	return XDP_PASS;
}

#define IP_BE bpf_htons(ETH_P_IP)

SEC("xdp") int orders(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	if (eth->h_proto == ETH_P_IP) //~ W0707: network byte order
		return XDP_PASS;
	if (0x86dd != eth->h_proto) //~ W0707
		return XDP_PASS;
	if (ip->daddr == 0x7f000001) //~ W0707
		return XDP_PASS;
	if (ip->tot_len > 100) //~ W0707
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP) || eth->h_proto == IP_BE || eth->h_proto == 0x0008)
		return XDP_DROP;
	if (ip->daddr == bpf_htonl(0x7f000001) || ip->saddr == 0 || ip->daddr == 0xffffffff)
		return XDP_DROP;
	switch (eth->h_proto) { //~ W0707
	case ETH_P_ARP:
		return XDP_PASS;
	}
	switch (eth->h_proto) {
	case bpf_htons(ETH_P_ARP):
		return XDP_PASS;
	}
	return bpf_ntohs(ip->tot_len) > 100 ? XDP_PASS : XDP_DROP;
}

SEC("raw_tp/sched_switch") int reads(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid(), state = 0;
	__u64 *own = bpf_map_lookup_elem(&hits, &pid);

	bpf_probe_read_kernel(&state, sizeof(state), (void *)ctx->args[1]); //~ W0702
	(void)bpf_probe_read_kernel(&state, sizeof(state), (void *)ctx->args[1]);
	if (own)
		*own += state;
	bpf_printk("%d", state);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
