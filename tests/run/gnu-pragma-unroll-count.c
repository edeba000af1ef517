// Loops that are unrolled by a factor, which divides the number of turns or does not.
#include "expect.h"

noinline u32 multiple(const u8 *bytes)
{
	u32 sum = 0;

#pragma unroll 4
	for (u32 i = 0; i < 64; i++)
		sum = sum * 3 + bytes[i];
	return sum;
}

noinline u32 remainder(const u8 *bytes)
{
	u32 sum = 0;

#pragma clang loop unroll_count(3)
	for (u32 i = 0; i < 64; i++) {
		if (bytes[i] == 40)
			continue;
		if (bytes[i] == 60)
			break;
		sum = sum * 3 + bytes[i];
	}
	return sum;
}

noinline u32 unknown(const u8 *bytes, u32 n)
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

noinline u32 plain(const u8 *bytes, u32 n, u32 skipped)
{
	u32 sum = 0;

#pragma nounroll
	for (u32 i = 0; i < n && i < 64; i++)
		if (bytes[i] != skipped)
			sum = sum * 3 + bytes[i];
	return sum;
}

SEC("socket") int test(void *ctx)
{
	u8 bytes[64];

	for (u32 i = 0; i < 64; i++)
		bytes[i] = U8(i);
	EXPECT(plain(bytes, 64, 255), multiple(bytes));
	EXPECT(plain(bytes, 60, 40), remainder(bytes));
	EXPECT(plain(bytes, 7, 255) + 63 + 70, unknown(bytes, U32(7)));
	EXPECT(plain(bytes, 10, 255) + 60 + 70, unknown(bytes, U32(10)));
	return 0;
}
//~ run == 0
