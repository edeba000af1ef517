/* Counts a system call of one process. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 wanted_pid = 0;
const volatile __u64 wanted_call = 0;

__u64 n_calls;

SEC("raw_tp/sys_enter")
int enter(struct bpf_raw_tracepoint_args *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == wanted_pid && ctx->args[1] == wanted_call)
		__sync_fetch_and_add(&n_calls, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
