// A lock that waits for another program.
//@ no-edit: how long to wait is a matter of meaning
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u32 locked;

static __always_inline void wait(void)
{
#ifdef FIXED
	for (int i = 0; i < 100 && *(volatile __u32 *)&locked; i++)
#else
	while (*(volatile __u32 *)&locked)
             //^^^^^^^^^^^^^^^^^^^^^^^^^^ E0712: this loop has no end that the verifier can see
#endif
		;
}

SEC("xdp")
int spin(struct xdp_md *ctx)
{
	wait();
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
