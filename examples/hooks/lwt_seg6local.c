// Packets of IPv6 whose next segment is an address of this machine: `route:PREFIX,dev=IFACE`.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("lwt_seg6local")
int on_segment(struct __sk_buff *skb)
{
	seen++;
	return 2 /* BPF_DROP */;
}

char LICENSE[] SEC("license") = "GPL";
