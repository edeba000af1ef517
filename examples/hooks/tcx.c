// Several programs at one interface, in an order that they agree on (`tcx:IFACE:ingress,first=1`).
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("tcx/ingress")
int on_packet(struct __sk_buff *skb)
{
	seen++;
	return -1 /* TCX_NEXT */;
}

char LICENSE[] SEC("license") = "GPL";
