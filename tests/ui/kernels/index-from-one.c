//@ flags: --kernel=5.10,6.1,6.12
// A number from 1 on is an index less one: whether it is compared with zero or by size, old kernels see that.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct stack { __u64 n; __u64 items[2]; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, struct stack); } stacks SEC(".maps");

SEC("socket") int top(struct __sk_buff *skb)
{
	int zero = 0;
	struct stack *s = bpf_map_lookup_elem(&stacks, &zero);
	if (!s)
		return 0;
	__u64 n = s->n;
	if (!n || n >= 3)
		return 0;
	return s->items[n - 1];
}
