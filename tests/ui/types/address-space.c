// Pointers into another address space are passed on, not used.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define __arena __attribute__((address_space(1)))

void __arena *make(int n, void __arena *hint);
struct node {
	struct node __arena *next;
	int value;
};

int __arena global; //~ E0326: an object in `address_space(1)`
struct node __arena *first;

SEC("xdp") int prog(struct xdp_md *ctx)
{
	struct node __arena *node = first, *copy = node;
	struct node __arena *none = 0;
	long number = (long)node;

	if (!node || node == none)
		return 0;
	first = copy;
	copy = (struct node *)node; //~ E0326: from `address_space(1)` cannot be converted
	return node->value + sizeof(*node) + number; //~ E0326: an object in `address_space(1)`
}

char LICENSE[] SEC("license") = "GPL";
