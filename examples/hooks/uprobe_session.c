// One program for the call and the return of a function of a process (6.13). It runs twice for each call.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("uprobe.session")
int on_both(struct pt_regs *ctx)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
