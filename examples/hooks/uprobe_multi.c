// Many functions of a program or library, by a pattern: `uprobe.multi/FILE:PATTERN`. One link holds them all where the
// kernel has such links (6.6), else a probe each.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("uprobe.multi")
int on_call(struct pt_regs *ctx)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
