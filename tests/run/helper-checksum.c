// bpf_csum_diff: sums of what goes and what comes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

SEC("xdp") int test(struct xdp_md *ctx)
{
	__be32 old[2] = { 0x01020304, 0x0a0b0c0d }, new[2] = { 0x11223344, 0x55667788 };
	__u16 sum;

	// 0x0304 + 0x0102 + 0x0c0d + 0x0a0b.
	if (fold(bpf_csum_diff(0, 0, old, sizeof(old), 0)) != 0x1a1e)
		return __LINE__;
	// What is taken away and added again leaves nothing.
	sum = fold(bpf_csum_diff(old, sizeof(old), old, sizeof(old), 0));
	if (sum != 0 && sum != 0xffff)
		return __LINE__;
	// 0x3344 + 0x1122 + 0x7788 + 0x5566, wrapped around.
	if (fold(bpf_csum_diff(0, 0, new, sizeof(new), 1)) != 0x1156)
		return __LINE__;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

//~ run == 0
