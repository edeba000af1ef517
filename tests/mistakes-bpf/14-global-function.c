// Packet pointers are not for global functions.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>

__attribute__((noinline)) int is_ip(struct ethhdr *eth)
{
	if (!eth)
		return 0;
	return eth->h_proto == bpf_htons(ETH_P_IP);
}

static __always_inline int parse(void *data, void *data_end)
{
	struct ethhdr *eth = data;

	if (data + 4 > data_end)
		return 0;
	return is_ip(eth);
             //^^^^^^^^^^ E0706: `is_ip(eth)` may be outside the packet
}

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;

	return parse(data, data_end) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if ((void *)(eth + 1) > data_end)
//| +		return 0;
