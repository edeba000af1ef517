// The helper does not take packet data.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int sample(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if (data + sizeof(*eth) > data_end)
		return XDP_PASS;
	bpf_ringbuf_output(&events, eth, sizeof(*eth), 0);
                                  //^^^ E0750: `bpf_ringbuf_output` does not take packet data as `data`
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	bpf_ringbuf_output(&events, eth, sizeof(*eth), 0);
//| +	__typeof__(*eth) copy = *eth;
//| +	bpf_ringbuf_output(&events, &copy, sizeof(*eth), 0);
