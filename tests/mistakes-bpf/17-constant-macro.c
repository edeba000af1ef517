// No packet is that long.
//@ no-edit: no packet is that long: the number itself is wrong
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TRAILER 70000

SEC("xdp")
int tail(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *data_end = (void *)(long)ctx->data_end;

#ifdef FIXED
	if (data + 7000 + 1 > data_end)
		return XDP_PASS;
	return data[7000] ? XDP_DROP : XDP_PASS;
#else
	if (data + TRAILER + 1 > data_end)
		return XDP_PASS;
	return data[TRAILER] ? XDP_DROP : XDP_PASS;
             //^^^^^^^^^^^^^ E0706: `data[TRAILER]` may be outside the packet
#endif
}

char LICENSE[] SEC("license") = "GPL";
