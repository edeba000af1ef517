// if and else: dangling, nested, with empty branches.
#include "expect.h"

noinline u32 dangling(u32 a, u32 b)
{
	if (a)
		if (b)
			return 1;
		else
			return 2;
	return 3;
}

noinline u32 ladder(s32 x)
{
	u32 result = 0;

	if (x < 0)
		result = 1;
	else if (x == 0)
		result = 2;
	else if (x < 10) {
		result = 3;
		if (x & 1)
			result += 10;
	} else
		result = 4;
	return result;
}

noinline u32 merge(u32 a, u32 b, u32 c)
{
	u32 x = 1, y = 2, z;

	if (a) {
		x = 10;
		z = 5;
	} else {
		y = 20;
		z = x + 1;
	}
	if (b)
		x += y;
	if (c) {
		u32 swap = x;

		x = y;
		y = swap;
	}
	return x * 10000 + y * 100 + z;
}

noinline u32 early(u32 x)
{
	if (x == 1)
		return 10;
	if (x == 2)
		return 20;
	if (x == 3) {
	} else if (x == 4)
		;
	else
		return 50;
	return 30;
}

SEC("xdp") int test(void *ctx)
{
	u8 narrow = U8(0);

	EXPECT(1, dangling(U32(1), U32(1)));
	EXPECT(2, dangling(U32(1), U32(0)));
	EXPECT(3, dangling(U32(0), U32(1)));
	EXPECT(1, ladder(S32(-1)));
	EXPECT(2, ladder(S32(0)));
	EXPECT(13, ladder(S32(7)));
	EXPECT(3, ladder(S32(8)));
	EXPECT(4, ladder(S32(10)));
	EXPECT(100205, merge(U32(1), 0, 0));
	EXPECT(12002, merge(U32(0), 0, 0));
	EXPECT(120205, merge(U32(1), U32(1), U32(0)));
	EXPECT(21205, merge(U32(1), U32(1), U32(1)));
	EXPECT(202102, merge(U32(0), U32(1), U32(1)));
	EXPECT(10, early(U32(1)));
	EXPECT(20, early(U32(2)));
	EXPECT(30, early(U32(3)));
	EXPECT(30, early(U32(4)));
	EXPECT(50, early(U32(5)));

	// Any scalar is a condition, in its whole width.
	if (U64(0x100000000))
		narrow++;
	if (U64(0))
		return __LINE__;
	if (U8(0x80))
		narrow++;
	if (&narrow)
		narrow++;
	if (S64(-1))
		narrow++;
	EXPECT(4, narrow);
	if ((u8)U32(256))
		return __LINE__;
	if ((u32)U64(0x100000000))
		return __LINE__;
	if (!U32(1))
		return __LINE__;
	if (narrow = U8(0))
		return __LINE__;
	if (0)
		return __LINE__;
	else
		narrow = 1;
	EXPECT(1, narrow);
	return 0;
}
//~ run == 0
