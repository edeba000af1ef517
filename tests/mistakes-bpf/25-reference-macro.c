// The macro returns.
//@ no-edit: the macro returns, and is used where nothing is held, too
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct event {
	__u32 pid;
	__u32 uid;
};

#define CHECK(condition) do { if (!(condition)) return 0; } while (0)

SEC("tracepoint/syscalls/sys_enter_execve")
int on_exec(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	CHECK(event);
	event->pid = bpf_get_current_pid_tgid() >> 32;
#ifdef FIXED
	if (event->pid <= 1) {
		bpf_ringbuf_discard(event, 0);
		return 0;
	}
#else
	CHECK(event->pid > 1);
            //^^^^^^^^^^^^^^ E0708: the ring buffer record is not given back on this path
#endif
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
