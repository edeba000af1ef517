// Shows who connects to where by TCP, when it is tried: whether anybody answers is not known yet.
//
//   bpfc run --kernel examples/tools/tcpconnect.c
//   bpfc run --kernel examples/tools/tcpconnect.c --set target=1234 --set port=443

#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET 2

struct attempt {
	u32 pid;
	u32 uid;
	char comm[TASK_COMM_LEN];
	struct in6_addr local;
	struct in6_addr remote;
	u16 remote_port;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} attempts SEC(".maps");

// Only this process, and only to this port, if they are not 0.
const volatile u32 target;
const volatile u16 port;

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

SEC("tp/sock/inet_sock_set_state")
int on_state(struct trace_event_raw_inet_sock_set_state *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct attempt *a;

	// This state is entered by connect(), in the process that called it.
	if (ctx->protocol != IPPROTO_TCP || ctx->newstate != TCP_SYN_SENT)
		return 0;
	if ((target && pid != target) || (port && ctx->dport != port))
		return 0;
	a = bpf_ringbuf_reserve(&attempts, sizeof(*a), 0);
	if (!a)
		return 0;
	a->pid = pid;
	a->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(a->comm, sizeof(a->comm));
	address(&a->local, ctx->family, ctx->saddr, ctx->saddr_v6);
	address(&a->remote, ctx->family, ctx->daddr, ctx->daddr_v6);
	a->remote_port = ctx->dport;
	bpf_ringbuf_submit(a, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
