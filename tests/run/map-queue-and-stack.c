// First in, first out; last in, first out.
//@ since: 4.20 (queue and stack maps)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define ENOENT 2
#define E2BIG 7

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 3);
	__type(value, __u32);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 3);
	__type(value, __u32);
} stack SEC(".maps");

SEC("xdp") int test(struct xdp_md *ctx)
{
	__u32 value = 0;

	if (bpf_map_pop_elem(&queue, &value) != -ENOENT)
		return __LINE__;
	for (__u32 i = 1; i <= 3; i++) {
		value = i;
		if (bpf_map_push_elem(&queue, &value, 0))
			return __LINE__;
		if (bpf_map_push_elem(&stack, &value, 0))
			return __LINE__;
	}
	value = 4;
	if (bpf_map_push_elem(&queue, &value, 0) != -E2BIG)
		return __LINE__;
	if (bpf_map_push_elem(&queue, &value, BPF_EXIST))
		return __LINE__;
	if (bpf_map_peek_elem(&queue, &value) || value != 2)
		return __LINE__;
	if (bpf_map_pop_elem(&queue, &value) || value != 2)
		return __LINE__;
	if (bpf_map_pop_elem(&stack, &value) || value != 3)
		return __LINE__;
	if (bpf_map_peek_elem(&stack, &value) || value != 2)
		return __LINE__;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 0
