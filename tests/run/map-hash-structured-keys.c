// A key is all bytes of its structure; maps outlive the runs of a program.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct flow {
	__u32 source;
	__u32 destination;
	__u16 port;
	__u8 protocol;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct flow);
	__type(value, __u64);
} flows SEC(".maps");

SEC("xdp") int count(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct flow flow;
	__u64 one = 1, *n;

	if (data + 14 > end)
		return XDP_DROP;
	__builtin_memset(&flow, 0, sizeof(flow));
	flow.source = data[0];
	flow.destination = data[1];
	flow.port = data[2] << 8 | data[3];
	flow.protocol = data[4];
	n = bpf_map_lookup_elem(&flows, &flow);
	if (n) {
		*n += 1;
		return *n;
	}
	bpf_map_update_elem(&flows, &flow, &one, BPF_NOEXIST);
	return 1;
}

char LICENSE[] SEC("license") = "GPL";

//~ run packet=hex"0102 0050 06 000000000000000000" == 1
//~ run packet=hex"0102 0050 06 000000000000000000" == 2
//~ run packet=hex"0102 0051 06 000000000000000000" == 1
//~ run packet=hex"0201 0050 11 000000000000000000" == 1
//~ run packet=hex"0102 0050 06 ffffffffffffffffff" == 3
//~ map flows[{source = 1u32, destination = 2u32, port = 80u16, protocol = 6u8}] == 3u64
//~ map flows[{source = 1u32, destination = 2u32, port = 81u16, protocol = 6u8}] == 1u64
//~ map flows[{source = 2u32, destination = 1u32, port = 80u16, protocol = 17u8}] == 1u64
//~ map flows[{source = 2u32, destination = 1u32, port = 80u16, protocol = 6u8}] absent
