// A cgroup program answers 0 or 1.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup_skb/ingress") int prog(struct __sk_buff *ctx)
{
	return 5; //~ E0709
}

char LICENSE[] SEC("license") = "GPL";
