// The loop forgets to count.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int spin(struct xdp_md *ctx)
{
	__u32 i, n = 0;

	for (i = 0; i < 10; )
		n += bpf_get_prandom_u32();
              //^^^^^^^^^^^^^^^^^^^^^^^^^^ E0712: this loop has no end that the verifier can see
	return n & 1;
}

char LICENSE[] SEC("license") = "GPL";
//= fixed
//| -	for (i = 0; i < 10; )
//| +	for (i = 0; i < 10; i++)
