// Packets behind an interface's driver, on their way in or out (`tc:IFACE:ingress`, `tc:IFACE:egress`).
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("tc")
int on_packet(struct __sk_buff *skb)
{
	seen++;
	return -1 /* TC_ACT_UNSPEC: the next program, then the stack */;
}

char LICENSE[] SEC("license") = "GPL";
