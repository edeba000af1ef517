// A global function wants memory, and gets what may be null.
//@ no-edit: there is no memory whose address could be passed
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

__attribute__((noinline)) int bump(__u64 *n)
{
	if (!n)
		return 0;
	*n += 1;
	return 0;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
#ifdef FIXED
	__u64 n = ctx->rx_queue_index;

	return bump(&n);
#else
	return bump((void *)(long)ctx->rx_queue_index);
                  //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0749: argument 1 of `bump` is a number
#endif
}

char LICENSE[] SEC("license") = "GPL";
