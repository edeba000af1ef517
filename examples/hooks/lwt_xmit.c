// Packets that leave by a route, where they may be changed: `route:PREFIX,dev=IFACE`.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("lwt_xmit")
int on_packet(struct __sk_buff *skb)
{
	seen++;
	return 0 /* BPF_OK */;
}

char LICENSE[] SEC("license") = "GPL";
