// A tail call does not come back; one to an empty slot falls through.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int first(struct xdp_md *ctx);
int second(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct xdp_md *));
} programs SEC(".maps") = {
	.values = { [0] = &first, [2] = &second },
};

static __u32 n_runs;

SEC("xdp") int first(struct xdp_md *ctx)
{
	n_runs++;
	return 10;
}

SEC("xdp") int second(struct xdp_md *ctx)
{
	n_runs++;
	bpf_tail_call(ctx, &programs, 0);
	return 20;
}

SEC("xdp") int start(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (data + 1 > end)
		return 98;
	bpf_tail_call(ctx, &programs, data[0]);
	return 99;
}

SEC("xdp") int runs(struct xdp_md *ctx)
{
	return n_runs;
}

char LICENSE[] SEC("license") = "GPL";

//~ run start packet=hex"0002030405060708090a0b0c0d0e" == 10
//~ run start packet=hex"0102030405060708090a0b0c0d0e" == 99
//~ run start packet=hex"0202030405060708090a0b0c0d0e" == 10
//~ run start packet=hex"0302030405060708090a0b0c0d0e" == 99
//~ run start packet=hex"ff02030405060708090a0b0c0d0e" == 99
//~ run runs packet=hex"0202030405060708090a0b0c0d0e" == 3
