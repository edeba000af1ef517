//@ flags: --kernel=4.19,5.2
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 4);
} next SEC(".maps");

int counter;

static __noinline int twice(int x)
{
	return x * 2;
}

SEC("socket")
int loops(struct __sk_buff *skb)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++) //~ E0613: Linux 4.19 and 5.2 have no bounded loops //~ E0612: Linux 4.19 has no instruction
		sum += skb->len;
	counter = sum; //~ E0613: Linux 4.19 has no global data
	return 0;
}

SEC("socket")
int calls(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &next, twice(skb->len)); //~ E0613: Linux 4.19 and 5.2 have no tail calls from functions
	return 0;
}
