// Helpers, and static functions, get arguments of 32 bits with anything in the upper halves.
//@ since: 5.18 (bpf_xdp_load_bytes)
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static volatile __u64 numbers[2] = { 0x7ffffffffffffffe, 0xffffffff00000002 };

static __noinline int low_half(int n)
{
	return n;
}

static __noinline __u64 widened(__u32 n, __u64 more)
{
	return (__u64)n + more;
}

static __noinline long low_sign(int n)
{
	return n < 0 ? -1L : n;
}

SEC("xdp") int printed(struct xdp_md *ctx)
{
	bpf_printk("%d %u %x", (int)numbers[0], (__u32)numbers[1], (__u32)numbers[0]);
	bpf_printk("%llu", (__u64)(__u32)numbers[1]);
	return XDP_PASS;
}

SEC("xdp") int moved(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, (int)numbers[1]) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp") int loaded(struct xdp_md *ctx)
{
	__u8 byte = 0;

	if (bpf_xdp_load_bytes(ctx, (__u32)numbers[1], &byte, 1))
		return XDP_ABORTED;
	return byte;
}

SEC("xdp") int called(struct xdp_md *ctx)
{
	__u64 sum = widened((__u32)numbers[0], 1) + widened((__u32)numbers[1], 0);

	if (low_sign((int)numbers[0]) != -1 || low_sign((int)numbers[1]) != 2)
		return 1;
	if (low_half((int)numbers[0]) != -2 || low_half((int)numbers[1]) != 2)
		return 2;
	return sum == 0x100000001 ? XDP_PASS : 3;
}

char LICENSE[] SEC("license") = "GPL";

//~ run printed packet=hex"000102030405060708090a0b0c0d0e0f 1011" == XDP_PASS
//~ printk "-2 2 fffffffe"
//~ printk "2"
//~ run moved packet=hex"000102030405060708090a0b0c0d0e0f 1011" == XDP_PASS
//~ packet == hex"02030405060708090a0b0c0d0e0f 1011"
//~ run loaded packet=hex"000102030405060708090a0b0c0d0e0f 1011" == 2
//~ run called packet=hex"000102030405060708090a0b0c0d0e0f 1011" == XDP_PASS
