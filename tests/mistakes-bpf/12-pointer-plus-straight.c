// A signed number of any size moves the pointer.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

SEC("xdp")
int walk(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	__u32 key = 0;
	__u64 *off = bpf_map_lookup_elem(&hits, &key);
	unsigned char *p;

	if (!off)
		return XDP_PASS;
	p = data + *off;
          //^^^^^^^^^^^ E0704: an unbounded number is added to packet data
	if ((void *)(p + 1) > data_end)
		return XDP_PASS;
	return *p ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	p = data + *off;
//| +	__u64 offset = *off;
//| +	if (offset > 32767)
//| +		return XDP_PASS;
//| +	p = data + offset;
