// Global variables are maps: they keep their values from run to run, in all programs of the file.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 step = 3;
__u64 total = 100;
static __u32 n_runs;

struct state {
	__u8 last;
	__u32 history[3];
} state;

SEC("xdp") int add(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 i = n_runs;

	if (data + 1 > end)
		return XDP_DROP;
	total += data[0] * step;
	state.last = data[0];
	if (i < 3)
		state.history[i] = data[0];
	n_runs++;
	return total;
}

SEC("xdp") int report(struct xdp_md *ctx)
{
	return n_runs * 10000 + state.history[0] * 100 + state.last;
}

char LICENSE[] SEC("license") = "GPL";

//~ run report == 0
//~ run add packet=hex"0500000000000000000000000000" == 115
//~ run add packet=hex"0700000000000000000000000000" == 136
//~ run report == 20507
