// The check covers the first header, the macro reads the second.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>

#define SOURCE(ip) ((ip)->saddr)

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);

	if (data + sizeof(*eth) > data_end)
		return XDP_DROP;
	if (SOURCE(ip) == bpf_htonl(0x7f000001))
          //^^^^^^^^^^ E0706: `ip->saddr` may be outside the packet
		return XDP_DROP;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| +	if ((void *)(ip + 1) > data_end)
//| +		return XDP_PASS;
