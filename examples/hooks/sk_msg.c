// What processes send through the sockets in a map; here it goes straight to the other socket.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} socks SEC(".maps");

SEC("sk_msg")
int on_message(struct sk_msg_md *msg)
{
	seen++;
	return bpf_msg_redirect_map(msg, &socks, 1, BPF_F_INGRESS);
}

char LICENSE[] SEC("license") = "GPL";
