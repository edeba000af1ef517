// A function reads what its caller did not check.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>

static __always_inline int is_tcp(struct iphdr *ip, void *data_end)
{
	return ip->protocol == 6;
             //^^^^^^^^^^^^ E0706: `ip->protocol` may be outside the packet
}

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if (data + sizeof(*eth) > data_end)
		return XDP_DROP;
	if (is_tcp(data + sizeof(*eth), data_end))
		return XDP_DROP;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if ((void *)(ip + 1) > data_end)
//| +		return 0;
