// A loop for ever.
//@ no-edit: how many rounds are enough is a matter of meaning
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define FOREVER while (1)

SEC("xdp")
int spin(struct xdp_md *ctx)
{
#ifdef FIXED
	for (int i = 0; i < 100; i++)
#else
	FOREVER
#endif
		if (bpf_get_prandom_u32() == 7)
                  //^^^^^^^^^^^^^^^^^^^^^ E0712: this loop has no end that the verifier can see
			break;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
