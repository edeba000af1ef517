// Devices that the processes of a control group open: 1 allows it, 0 does not.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("cgroup/dev")
int on_device(struct bpf_cgroup_dev_ctx *ctx)
{
	seen++;
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
