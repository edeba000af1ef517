// The macro hides the call.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

#define SEND(p) bpf_ringbuf_output(&events, p, sizeof(*(p)), 0)

SEC("xdp")
int sample(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);

	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	SEND(ip);
      //^^^^^^^^ E0750: `bpf_ringbuf_output` does not take packet data as `data`
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	SEND(ip);
//| +	__typeof__(*ip) copy = *ip;
//| +	SEND(&copy);
