// Prints every program that is started on this machine, as it happens.
//
//   bpfc run --kernel examples/execsnoop.c --duration 3
//
// `vmlinux.h` stands for all types of the running kernel: bpfc takes them from the kernel
// itself when they are used, so no header has to be generated or installed.

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define FILENAME_LENGTH 64

// One event, as it arrives in user space; bpfc prints its members as columns.
struct event {
	u32 pid;
	u32 parent;
	u32 uid;
	char comm[TASK_COMM_LEN];
	char filename[FILENAME_LENGTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("tracepoint/sched/sched_process_exec")
int on_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	unsigned int offset;

	// The buffer is full when nobody reads it fast enough.
	if (!event)
		return 0;

	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->parent = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	// A tracepoint stores strings behind its record; the low half of this number is where.
	offset = ctx->__data_loc_filename & 0xffff;
	bpf_probe_read_kernel_str(event->filename, sizeof(event->filename), (void *)ctx + offset);

	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
