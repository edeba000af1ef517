// The function does not look.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct event {
	__u32 pid;
	__u32 cpu;
};

static void fill(struct event *event)
{
	event->pid = bpf_get_current_pid_tgid() >> 32;
      //^^^^^^^^^^ E0703: `event` may be null here
	event->cpu = bpf_get_smp_processor_id();
}

SEC("tracepoint/syscalls/sys_enter_execve")
int on_exec(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	fill(event);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if (!event)
//| +		return 0;
