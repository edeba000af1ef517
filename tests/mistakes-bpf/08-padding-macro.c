// The macro leaves members out.
//@ kernel-accepts: Linux since 6.3 lets programs with CAP_PERFMON pass what was never written
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct event {
	__u32 pid;
	__u64 time;
};

#define SEND(e) bpf_ringbuf_output(&events, &(e), sizeof(e), 0)

SEC("tracepoint/syscalls/sys_enter_execve")
int on_exec(void *ctx)
{
	struct event e;

	e.pid = bpf_get_current_pid_tgid() >> 32;
	e.time = bpf_ktime_get_ns();
	SEND(e);
      //^^^^^^^ E0713: `&e` is not fully initialised when `bpf_ringbuf_output` reads it
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	struct event e;
//| +	struct event e = {};
