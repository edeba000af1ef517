// The end of the packet is for comparisons only.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;

	if (data > data_end - 14)
                 //^^^^^^^^^^^^^ E0704: arithmetic on the packet's end is not allowed
		return XDP_DROP;
	return *(unsigned char *)data ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	if (data > data_end - 14)
//| +	if (data + 14 > data_end)
