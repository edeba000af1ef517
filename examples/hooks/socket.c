// A filter of a raw socket sees the frames of all interfaces, and decides how much of each the socket gets.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("socket")
int on_frame(struct __sk_buff *skb)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
