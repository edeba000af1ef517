// Shows which files are opened, by whom, and what came of it.
//
//   bpfc run --kernel examples/tools/opensnoop.c
//   bpfc run --kernel examples/tools/opensnoop.c --set target=1234 --output json
//   bpfc run --kernel examples/tools/opensnoop.c --set only_failed=true

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct open {
	u32 pid;
	char comm[TASK_COMM_LEN];
	// The descriptor, or an error number below zero.
	s32 result;
	char path[256];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} opens SEC(".maps");

// The names of files that are being opened, by thread: the kernel forgets them before it has a result.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, const char *);
} names SEC(".maps");

// Only this process, if it is not 0.
const volatile u32 target;
// Only what fails.
const volatile bool only_failed;

static int enter(const char *name)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 thread = id;

	if (!target || id >> 32 == target)
		bpf_map_update_elem(&names, &thread, &name, BPF_ANY);
	return 0;
}

static int leave(long result)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 thread = id;
	const char **name = bpf_map_lookup_elem(&names, &thread);
	struct open *open;

	if (!name)
		return 0;
	if (!only_failed || result < 0) {
		open = bpf_ringbuf_reserve(&opens, sizeof(*open), 0);
		if (open) {
			open->pid = id >> 32;
			open->result = result;
			bpf_get_current_comm(open->comm, sizeof(open->comm));
			if (bpf_probe_read_user_str(open->path, sizeof(open->path), *name) < 0)
				open->path[0] = 0;
			bpf_ringbuf_submit(open, 0);
		}
	}
	bpf_map_delete_elem(&names, &thread);
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int enter_openat(struct trace_event_raw_sys_enter *ctx)
{
	return enter((const char *)ctx->args[1]);
}

SEC("tp/syscalls/sys_exit_openat")
int leave_openat(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx->ret);
}

SEC("tp/syscalls/sys_enter_openat2")
int enter_openat2(struct trace_event_raw_sys_enter *ctx)
{
	return enter((const char *)ctx->args[1]);
}

SEC("tp/syscalls/sys_exit_openat2")
int leave_openat2(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx->ret);
}

char LICENSE[] SEC("license") = "GPL";
