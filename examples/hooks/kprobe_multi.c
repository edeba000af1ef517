// Many kernel functions, by a pattern: one link holds them all where the kernel has such links (5.18), else a probe each.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("kprobe.multi/security_task_getp*")
int on_call(struct pt_regs *ctx)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
