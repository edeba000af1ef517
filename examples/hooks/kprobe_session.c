// One program for the call and the return of a function (6.10). It runs twice for each call: `bpf_session_is_return`
// tells which it is. If it returns 1 from the call, it is not run at the return.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 seen;

SEC("kprobe.session/security_task_getpgid")
int on_both(struct pt_regs *ctx)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
