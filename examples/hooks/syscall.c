// No event: the program runs when it is asked to, and may call what only a process may.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("syscall")
int once(void *ctx)
{
	seen++;
	return 7;
}

char LICENSE[] SEC("license") = "GPL";
