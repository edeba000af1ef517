// Shows which signals are sent, by whom, to whom, and whether that worked.
//
//   bpfc run --kernel examples/tools/killsnoop.c
//   bpfc run --kernel examples/tools/killsnoop.c --set signal=9

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

enum outcome { DELIVERED, IGNORED, PENDING_ALREADY, LOST_IN_FULL_QUEUE, LOST_INFORMATION };

struct sent {
	u32 pid;
	char comm[TASK_COMM_LEN];
	s32 signal;
	s32 receiver;
	char receiver_comm[TASK_COMM_LEN];
	enum outcome outcome;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} signals SEC(".maps");

// Only this signal, if it is not 0.
const volatile s32 signal;

SEC("tp/signal/signal_generate")
int on_signal(struct trace_event_raw_signal_generate *ctx)
{
	struct sent *sent;

	if (signal && ctx->sig != signal)
		return 0;
	sent = bpf_ringbuf_reserve(&signals, sizeof(*sent), 0);
	if (!sent)
		return 0;
	sent->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(sent->comm, sizeof(sent->comm));
	sent->signal = ctx->sig;
	sent->receiver = ctx->pid;
	bpf_probe_read_kernel(sent->receiver_comm, sizeof(sent->receiver_comm), ctx->comm);
	sent->outcome = ctx->result;
	bpf_ringbuf_submit(sent, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
