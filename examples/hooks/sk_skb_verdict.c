// As sk_skb.c without a parser: whatever has arrived, datagrams too.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} socks SEC(".maps");

SEC("sk_skb/verdict")
int decide(struct __sk_buff *skb)
{
	seen++;
	return SK_PASS;
}

char LICENSE[] SEC("license") = "GPL";
