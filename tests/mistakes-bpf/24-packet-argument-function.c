// A function passes on what it got.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

static __always_inline void send(struct ethhdr *eth)
{
	bpf_ringbuf_output(&events, eth, sizeof(*eth), 0);
                                  //^^^ E0750: `bpf_ringbuf_output` does not take packet data as `data`
}

SEC("tc")
int sample(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;

	if (data + sizeof(struct ethhdr) > data_end)
		return 0;
	send(data);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	bpf_ringbuf_output(&events, eth, sizeof(*eth), 0);
//| +	__typeof__(*eth) copy = *eth;
//| +	bpf_ringbuf_output(&events, &copy, sizeof(*eth), 0);
