// Shows each TCP connection when it ends: between whom, how long it lasted, and how much went each way.
//
//   bpfc run --kernel examples/tools/tcplife.c
//   bpfc run --kernel examples/tools/tcplife.c --output csv > connections.csv

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET 2

struct connection {
	u32 pid;
	char comm[TASK_COMM_LEN];
	struct in6_addr local;
	u16 local_port;
	struct in6_addr remote;
	u16 remote_port;
	u64 sent_bytes;
	u64 received_bytes;
	u64 duration_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} connections SEC(".maps");

struct start {
	u64 since_ns;
	u32 pid;
	char comm[TASK_COMM_LEN];
};

// Who began each socket: when it ends, somebody else may be running.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u64);
	__type(value, struct start);
} starts SEC(".maps");

static void address(struct in6_addr *to, u16 family, const u8 *v4, const u8 *v6)
{
	__builtin_memset(to, 0, sizeof(*to));
	if (family == AF_INET) {
		// ::ffff:a.b.c.d
		to->in6_u.u6_addr8[10] = to->in6_u.u6_addr8[11] = 0xff;
		bpf_probe_read_kernel(&to->in6_u.u6_addr8[12], 4, v4);
	} else {
		bpf_probe_read_kernel(to, sizeof(*to), v6);
	}
}

static void ended(struct trace_event_raw_inet_sock_set_state *ctx, struct start *start)
{
	struct tcp_sock *sock = (struct tcp_sock *)ctx->skaddr;
	struct connection *c = bpf_ringbuf_reserve(&connections, sizeof(*c), 0);

	if (!c)
		return;
	c->pid = start->pid;
	__builtin_memcpy(c->comm, start->comm, sizeof(c->comm));
	address(&c->local, ctx->family, ctx->saddr, ctx->saddr_v6);
	address(&c->remote, ctx->family, ctx->daddr, ctx->daddr_v6);
	c->local_port = ctx->sport;
	c->remote_port = ctx->dport;
	c->sent_bytes = BPF_CORE_READ(sock, bytes_acked);
	c->received_bytes = BPF_CORE_READ(sock, bytes_received);
	c->duration_ns = bpf_ktime_get_ns() - start->since_ns;
	bpf_ringbuf_submit(c, 0);
}

SEC("tp/sock/inet_sock_set_state")
int on_state(struct trace_event_raw_inet_sock_set_state *ctx)
{
	u64 key = (u64)ctx->skaddr;
	struct start *start;

	if (ctx->protocol != IPPROTO_TCP)
		return 0;
	// Sockets of clients begin with SYN_SENT, in the process that connects; of servers in an interrupt.
	if (ctx->newstate == TCP_SYN_SENT || ctx->newstate == TCP_ESTABLISHED) {
		struct start now = { .since_ns = bpf_ktime_get_ns() };

		if (ctx->newstate == TCP_SYN_SENT) {
			now.pid = bpf_get_current_pid_tgid() >> 32;
			bpf_get_current_comm(now.comm, sizeof(now.comm));
		}
		bpf_map_update_elem(&starts, &key, &now, BPF_NOEXIST);
	}
	if (ctx->newstate == TCP_CLOSE) {
		start = bpf_map_lookup_elem(&starts, &key);
		if (start)
			ended(ctx, start);
		bpf_map_delete_elem(&starts, &key);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
