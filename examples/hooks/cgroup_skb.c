// Packets of the sockets of a control group: 1 lets them through, 0 does not.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("cgroup_skb/ingress")
int on_ingress(struct __sk_buff *skb)
{
	seen++;
	return 1;
}

SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff *skb)
{
	seen++;
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
