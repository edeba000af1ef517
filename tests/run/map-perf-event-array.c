// Records for user space through a perf event array.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct event {
	__u32 id;
	__u32 length;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(int));
	__uint(value_size, sizeof(int));
} events SEC(".maps");

SEC("xdp") int test(struct xdp_md *ctx)
{
	struct event event = { 5, ctx->data_end - ctx->data };

	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";

//~ run packet=hex"000102030405060708090a0b0c0d0e0f" == XDP_PASS
//~ event events == {id = 5u32, length = 16u32}
