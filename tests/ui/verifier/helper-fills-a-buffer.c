// What a helper wrote to a buffer full of zeros may be anything.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} writes SEC(".maps");

SEC("cgroup/sysctl")
int on_sysctl(struct bpf_sysctl *ctx)
{
	char name[8] = {};
	__u32 key = 0;

	bpf_sysctl_get_name(ctx, name, sizeof(name), 0);
	if (name[0] == 'n') {
		__u64 *count = bpf_map_lookup_elem(&writes, &key);
		*count += 1; //~ E0703: `count` may be null here
	}
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
