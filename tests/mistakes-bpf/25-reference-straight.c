// The early return keeps the record.
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

SEC("tracepoint/syscalls/sys_enter_execve")
int on_exec(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	if (event->pid == 1)
		return 0;
              //^^^^^^^^^ E0708: the ring buffer record is not given back on this path
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	if (event->pid == 1)
//| +	if (event->pid == 1) {
//| +		bpf_ringbuf_discard(event, 0);
//| +	}
