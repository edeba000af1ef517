// Packets that leave a container by a netkit pair: one program for each end.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("netkit/primary")
int on_primary(struct __sk_buff *skb)
{
	seen++;
	return -1; /* NETKIT_NEXT */
}

SEC("netkit/peer")
int on_peer(struct __sk_buff *skb)
{
	seen++;
	return -1;
}

char LICENSE[] SEC("license") = "GPL";
