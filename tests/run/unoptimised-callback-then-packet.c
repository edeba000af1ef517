// A callback may change what its context points to; pointers kept in the same stack frame are
// still pointers afterwards.
//@ since: 5.17 (bpf_loop)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static int add(__u32 i, void *sum)
{
	*(__u64 *)sum += i;
	return 0;
}

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u64 sum = 0;
	__u32 total = 0;

	bpf_loop(10, add, &sum, 0);
	__u8 *p = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	for (int i = 0; i < 64; i++) {
		if (p + i + 1 > end)
			break;
		total += p[i];
	}
	return sum + total;
}

char LICENSE[] SEC("license") = "GPL";
//~ run packet=hex"0102030405060708090a0b0c0d0e0f10" == 181
