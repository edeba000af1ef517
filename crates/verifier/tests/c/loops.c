// Programs whose verification takes many states: what it costs is compared with the kernel's figures.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int table[16];
long sums[4];

SEC("xdp")
int branch_in_loop(void *ctx)
{
	int sum = 0;

	for (int i = 0; i < 50; i++) {
		int item = table[i & 15];

		if (item > 3)
			sum += item;
	}
	return sum & 1;
}

static __attribute__((noinline)) int pick(int *items, unsigned int at)
{
	int sum = 0;

	for (unsigned int i = 0; i < 4; i++)
		if (items[(at + i) & 7] > 1)
			sum++;
	return sum;
}

SEC("tc")
int spills_and_calls(struct __sk_buff *skb)
{
	int items[8] = {};

	for (unsigned int i = 0; i < 8; i++)
		items[i] = table[i];
	int first = pick(items, skb->len);
	int second = pick(items, skb->mark & 3);
	if (first > second)
		sums[first & 3] += second;
	return 0;
}

SEC("xdp")
int nested(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	unsigned int sum = 0;

	for (int i = 0; i < 12; i++) {
		if (data + i + 1 > end)
			break;
		for (int k = 0; k < 3; k++) {
			if (data[i] & (1 << k))
				sum += k;
			else
				sum ^= 5;
		}
	}
	if (sum < 16)
		table[sum] = 1;
	return XDP_PASS;
}

SEC("xdp")
int exchanges(struct xdp_md *ctx)
{
	unsigned long slot = 3;
	unsigned long old = __sync_lock_test_and_set(&slot, (unsigned long)ctx->ingress_ifindex);

	if (old < 4)
		sums[old] = slot;
	for (int i = 0; i < 20; i++) {
		unsigned short word = __builtin_bswap16(table[i & 15]);

		if (word == 7)
			sums[1]++;
	}
	return XDP_PASS;
}

char license[] SEC("license") = "GPL";
