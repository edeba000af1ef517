// Socket options that the processes of a control group get and set: 1 allows it, 0 does not.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("cgroup/getsockopt")
int getsockopt(struct bpf_sockopt *ctx)
{
	seen++;
	return 1;
}

SEC("cgroup/setsockopt")
int setsockopt(struct bpf_sockopt *ctx)
{
	seen++;
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
