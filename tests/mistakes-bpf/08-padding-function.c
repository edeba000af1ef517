// The buffer is sent whole, but filled in part.
//@ kernel-accepts: Linux since 6.3 lets programs with CAP_PERFMON pass what was never written
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

static int send(const void *data, __u32 size)
{
	return bpf_ringbuf_output(&events, (void *)data, size, 0);
                                         //^^^^^^^^^^^^ E0713: `(void *)data` is not fully initialised when `bpf_ringbuf_output` reads it
}

SEC("tracepoint/syscalls/sys_enter_execve")
int on_exec(void *ctx)
{
	char line[16];

	line[0] = 'x';
	send(line, sizeof(line));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	char line[16];
//| +	char line[16] = {};
