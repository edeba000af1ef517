// `&&` and `||` yield 0 or 1, from left to right, and stop as soon as the answer is known.
#include "expect.h"

static u32 n_calls;

always_inline u32 count(u32 result)
{
	n_calls++;
	return result;
}

noinline u32 count_called(u32 result)
{
	n_calls++;
	return result;
}

noinline u32 in_range(u32 x, u32 least, u32 most)
{
	return x >= least && x <= most;
}

SEC("xdp") int test(void *ctx)
{
	u32 x = 0, *null = 0, value = 5, *p = &value;

	BINARY(1, U32, 2, &&, U8, 4);
	BINARY(0, U32, 2, &&, U8, 0);
	BINARY(0, U32, 0, &&, U8, 4);
	BINARY(1, U64, 1ull << 32, &&, U64, 1ull << 63);
	BINARY(1, U32, 0, ||, U8, 4);
	BINARY(1, U32, 2, ||, U8, 0);
	BINARY(0, U32, 0, ||, U8, 0);
	BINARY(1, U64, 1ull << 32, ||, U64, 0);
	BINARY(1, S32, -1, &&, S64, -1);

	EXPECT(0, U32(0) && x++);
	EXPECT(0, x);
	EXPECT(1, U32(1) || x++);
	EXPECT(0, x);
	EXPECT(0, U32(1) && x++);
	EXPECT(1, x);
	EXPECT(1, U32(0) || x++);
	EXPECT(2, x);
	EXPECT(0, 0 && x++);
	EXPECT(1, 1 || x++);
	EXPECT(2, x);

	EXPECT(0, count(U32(0)) && count(U32(1)));
	EXPECT(1, n_calls);
	EXPECT(1, count(U32(1)) && count(U32(1)));
	EXPECT(3, n_calls);
	EXPECT(1, count_called(U32(0)) || count_called(U32(0)) || count_called(U32(9)));
	EXPECT(6, n_calls);
	EXPECT(1, count_called(U32(0)) || count_called(U32(3)) || count_called(U32(9)));
	EXPECT(8, n_calls);
	EXPECT(1, (count(U32(0)) && count(U32(1))) || (count(U32(1)) && count(U32(2))));
	EXPECT(11, n_calls);

	// `&&` binds closer than `||`, and both less than the others.
	EXPECT(1, U32(1) || U32(0) && U32(0));
	EXPECT(0, (U32(1) || U32(0)) && U32(0));
	EXPECT(1, U32(1) == 1 && U32(2) > 1 || U32(0));
	EXPECT(1, !U32(0) && !(U32(0) || U32(0)));
	EXPECT(2, (U32(1) && U32(2)) + (U32(0) || U32(7)));
	EXPECT(0, in_range(U32(4), 5, 10));
	EXPECT(1, in_range(U32(5), 5, 10));
	EXPECT(1, in_range(U32(10), 5, 10));
	EXPECT(0, in_range(U32(11), 5, 10));

	// The left operand guards the right one.
	EXPECT(0, null && *null == 5);
	EXPECT(1, p && *p == 5);
	EXPECT(1, !null || *null);
	if (null && *null)
		return __LINE__;
	if (!(p && U32(1)))
		return __LINE__;
	x = U32(3);
	if (x > 2 && x < 4)
		x = 100;
	EXPECT(100, x);
	if (x < 50 || x > 99)
		x = 7;
	else
		x = 8;
	EXPECT(7, x);
	EXPECT(4, sizeof(1ull && 1ull));
	return 0;
}
//~ run == 0
