// Loops within loops.
//@ no-edit: how many rounds are enough is a matter of meaning
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline __u32 row(__u32 y)
{
	__u32 n = 0;

#ifdef FIXED
	for (int x = 0; x < 100; x++)
#else
	for (int x = 0; x < 100000; x++)
#endif
		n += bpf_get_prandom_u32() ^ y;
                   //^^^^^^^^^^^^^^^^^^^^^^^^^ E0711: the program is too complex to verify: more than 1000000 instructions along all paths
	return n;
}

SEC("xdp")
int grid(struct xdp_md *ctx)
{
	__u32 n = 0;

	for (int y = 0; y < 100; y++)
		n += row(y);
	return n & 1;
}

char LICENSE[] SEC("license") = "GPL";
