// As sk_reuseport.c on kernels before 4.19: a socket filter whose result is the number of the socket.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

SEC("socket")
int choose(struct __sk_buff *skb)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
