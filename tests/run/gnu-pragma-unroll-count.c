// Loops that are unrolled by a factor, which divides the number of turns or does not.
//@ clang: none: the kernel rejects the addresses that it makes of unrolled turns
#include "expect.h"

static u8 bytes[64];

noinline u32 multiple(void)
{
	u32 sum = 0;

#pragma unroll 4
	for (u32 i = 0; i < 64; i++)
		sum = sum * 3 + bytes[i & 63];
	return sum;
}

noinline u32 remainder(void)
{
	u32 sum = 0;

#pragma clang loop unroll_count(3)
	for (u32 i = 0; i < 64; i++) {
		if (bytes[i & 63] == 40)
			continue;
		if (bytes[i & 63] == 60)
			break;
		sum = sum * 3 + bytes[i & 63];
	}
	return sum;
}

noinline u32 unbounded(u32 n)
{
	u32 sum = 0, i = 0;

#pragma unroll(5)
	while (i < n && i < 64)
		sum = sum * 3 + bytes[i++ & 63];
#pragma unroll 2
	do
		sum++;
	while (++i < 70);
	return sum + i;
}

noinline u32 plain(u32 n, u32 skipped)
{
	u32 sum = 0;

#pragma nounroll
	for (u32 i = 0; i < n && i < 64; i++)
		if (bytes[i & 63] != skipped)
			sum = sum * 3 + bytes[i & 63];
	return sum;
}

SEC("socket") int test(void *ctx)
{
	for (u32 i = 0; i < 64; i++)
		bytes[i & 63] = U8(i);
	EXPECT(plain(64, 255), multiple());
	EXPECT(plain(60, 40), remainder());
	EXPECT(plain(7, 255) + 63 + 70, unbounded(U32(7)));
	EXPECT(plain(10, 255) + 60 + 70, unbounded(U32(10)));
	return 0;
}
//~ run == 0
