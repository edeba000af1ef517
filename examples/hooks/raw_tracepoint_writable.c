// A tracepoint that lets programs write to what it is given. Few do; this one is for tests, which can make a run of a
// program fail.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("raw_tp.w/bpf_test_finish")
int on_finish(struct bpf_raw_tracepoint_args *ctx)
{
	seen++;
	return 0;
}

SEC("socket")
int tested(struct __sk_buff *skb)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
