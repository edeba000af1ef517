// What a map of AF_XDP sockets gives can be read, one field of it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, int);
} sockets SEC(".maps");

SEC("xdp")
int reads(struct xdp_md *ctx)
{
	int queue = ctx->rx_queue_index;
	struct bpf_xdp_sock *socket = bpf_map_lookup_elem(&sockets, &queue);
	return socket && socket->queue_id == queue ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int reads_past(struct xdp_md *ctx)
{
	int queue = 0;
	struct bpf_xdp_sock *socket = bpf_map_lookup_elem(&sockets, &queue);
	if (!socket)
		return XDP_DROP;
	return (&socket->queue_id)[1]; //~ E0705: the socket or flow has no such field at offset 4
}

char LICENSE[] SEC("license") = "GPL";
