// The macro hides three loops in each other.
//@ no-edit: how many rounds are enough is a matter of meaning
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef FIXED
#define SIDE 20
#else
#define SIDE 200
#endif
#define EACH(i) for (__u32 i = 0; i < SIDE; i++)

SEC("xdp")
int cube(struct xdp_md *ctx)
{
	__u32 n = 0;

	EACH(x)
		EACH(y)
			EACH(z)
                      //^^^^^^^ E0711: the program is too complex to verify: more than 1000000 instructions along all paths
				n += bpf_get_prandom_u32() & 1;
	return n & 1;
}

char LICENSE[] SEC("license") = "GPL";
