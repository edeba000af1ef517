// Time goes on, the CPU exists, random numbers differ.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int test(struct xdp_md *ctx)
{
	__u64 before = bpf_ktime_get_ns(), after;
	__u32 a = bpf_get_prandom_u32(), b = bpf_get_prandom_u32(), c = bpf_get_prandom_u32();

	if (bpf_get_smp_processor_id() > 1024)
		return __LINE__;
	if (a == b && b == c)
		return __LINE__;
	after = bpf_ktime_get_ns();
	if (after < before)
		return __LINE__;
	if (bpf_ktime_get_boot_ns() < after)
		return __LINE__;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 0
