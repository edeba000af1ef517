// The header is read before anything says that the packet is that long.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if (eth->h_proto == bpf_htons(ETH_P_IPV6))
          //^^^^^^^^^^^^ E0706: `eth->h_proto` may be outside the packet
		return XDP_DROP;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if ((void *)(eth + 1) > data_end)
//| +		return XDP_PASS;
