// The check covers less than what is read.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int prog(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	unsigned char *end = (void *)(long)ctx->data_end;

	if (data + 14 > end)
		return XDP_DROP;
	return data[14] ? XDP_PASS : XDP_DROP;
	     //^^^^^^^^ E0706
}

char LICENSE[] SEC("license") = "GPL";
