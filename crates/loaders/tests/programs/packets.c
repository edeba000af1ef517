/* Programs for packets, with a map, constants that the loader sets, variables, a ring buffer and a function that
 * the programs share. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct event {
	__u32 number;
	__u32 length;
};

/* How many packets of each length there were. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} lengths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

/* Set before the programs are loaded. */
const volatile __u32 wanted_length = 0;
const volatile __u32 weight = 1;

__u64 weighted;
__u32 next_number = 100;

static __noinline int note(__u32 length)
{
	__u64 first = 1;
	__u64 *known = bpf_map_lookup_elem(&lengths, &length);
	struct event *event;

	if (known)
		__sync_fetch_and_add(known, 1);
	else
		bpf_map_update_elem(&lengths, &length, &first, BPF_ANY);
	if (length != wanted_length)
		return 0;
	weighted += weight;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	event->number = next_number++;
	event->length = length;
	bpf_ringbuf_submit(event, 0);
	return 1;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	note(ctx->data_end - ctx->data);
	return XDP_PASS;
}

/* The older name of "tc", which aya knows too. */
SEC("classifier")
int classify(struct __sk_buff *skb)
{
	note(skb->len);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
