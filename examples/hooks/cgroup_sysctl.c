// Sysctls that the processes of a control group read and write: 1 allows it, 0 does not.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("cgroup/sysctl")
int on_sysctl(struct bpf_sysctl *ctx)
{
	seen++;
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
