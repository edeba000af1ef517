/* Counts how often one process sleeps. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

const volatile __u32 wanted_pid = 0;

__u64 n_sleeps;

SEC("fentry/hrtimer_nanosleep")
int BPF_PROG(nap)
{
	if (bpf_get_current_pid_tgid() >> 32 == wanted_pid)
		__sync_fetch_and_add(&n_sleeps, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
