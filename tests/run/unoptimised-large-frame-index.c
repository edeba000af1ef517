// The bound of an index into an array on the stack is known although index, bound and array
// are all in a large frame.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int sort(struct xdp_md *ctx)
{
	long pad[14] = {0};
	int a[5] = {5, 4, 3, 2, 1};
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 4; j++)
			if (a[j] > a[j + 1]) {
				int t = a[j];
				a[j] = a[j + 1];
				a[j + 1] = t;
			}
	for (int i = 0; i < 5; i++)
		if (a[i] != i + 1)
			return 1;
	return pad[3];
}
//~ run sort packet=hex"000102030405060708090a0b0c0d" == 0
