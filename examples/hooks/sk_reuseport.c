// Which of the sockets that share a port gets a packet or connection: here always the one in the map.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;

struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} chosen SEC(".maps");

SEC("sk_reuseport")
int choose(struct sk_reuseport_md *ctx)
{
	__u32 key = 0;

	seen++;
	return bpf_sk_select_reuseport(ctx, &chosen, &key, 0) ? SK_DROP : SK_PASS;
}

char LICENSE[] SEC("license") = "GPL";
