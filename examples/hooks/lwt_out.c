// Packets of this machine that take a route: `route:PREFIX,dev=IFACE`.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("lwt_out")
int on_packet(struct __sk_buff *skb)
{
	seen++;
	return 0 /* BPF_OK */;
}

char LICENSE[] SEC("license") = "GPL";
