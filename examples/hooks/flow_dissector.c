// How the headers of packets are read, before any socket is looked for.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("flow_dissector")
int dissect(struct __sk_buff *skb)
{
	seen++;
	return 129 /* BPF_FLOW_DISSECTOR_CONTINUE: the kernel's own way */;
}

char LICENSE[] SEC("license") = "GPL";
