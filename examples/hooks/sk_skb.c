// What arrives at the sockets in a map: the parser says how long a message is, the verdict where it goes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} socks SEC(".maps");

SEC("sk_skb/stream_parser")
int parse(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("sk_skb/stream_verdict")
int decide(struct __sk_buff *skb)
{
	seen++;
	return SK_PASS;
}

char LICENSE[] SEC("license") = "GPL";
