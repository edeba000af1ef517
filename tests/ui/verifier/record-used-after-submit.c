#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct event {
	int pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("tracepoint/sched/sched_switch")
int on_switch(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return 0;
	bpf_ringbuf_submit(e, 0);
	e->pid = 3; //~ E0705: uses memory that was given back by `bpf_ringbuf_submit`
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
