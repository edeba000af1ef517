// Without a license the kernel assumes none.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("kprobe/do_nanosleep") int prog(void *ctx)
{
	__u32 key = bpf_get_prandom_u32();

	return bpf_probe_read_kernel(&key, sizeof(key), ctx) ? 1 : 0;
	     //^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ E0406: `bpf_probe_read_kernel`
}
