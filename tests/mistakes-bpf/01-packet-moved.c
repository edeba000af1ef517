// A helper may move the packet: what was checked before it must be read and checked again.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>

SEC("tc")
int push(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;

	if (data + sizeof(*eth) > data_end)
		return 0;
	if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 7))
		return 2;
	return eth->h_proto == 0;
             //^^^^^^^^^^^^ E0745: `eth->h_proto` uses a pointer into the packet from before `bpf_skb_vlan_push`
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	data_end = (void *)(long)skb->data_end;
//| +	eth = (void *)(long)skb->data;
//| +	if ((void *)(eth + 1) > data_end)
//| +		return 2;
