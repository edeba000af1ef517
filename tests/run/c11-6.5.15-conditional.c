// `a ? b : c` evaluates one of two and converts it to the common type.
#include "expect.h"

struct point {
	u32 x, y;
};

static u32 n_calls;

always_inline s32 count(s32 x)
{
	n_calls++;
	return x;
}

noinline s32 grade(s32 points)
{
	return points < 10 ? 1 : points < 20 ? 2 : points < 30 ? 3 : 4;
}

noinline u64 absolute(s64 x)
{
	return x < 0 ? -(u64)x : x;
}

SEC("xdp") int test(void *ctx)
{
	u32 a = 1, b = 2;
	struct point p = { 1, 2 }, q = { 3, 4 }, r;
	u32 *pointer;

	EXPECT(5, U32(1) ? 5 : 6);
	EXPECT(6, U32(0) ? 5 : 6);
	EXPECT(5, 1 ? 5 : 6);
	EXPECT(6, 0 ? 5 : 6);
	EXPECT(7, U64(1ull << 40) ? U32(7) : U32(8));
	EXPECT(8, U8(0) ? U32(7) : U32(8));
	EXPECT(5, U32(1) ? count(5) : count(6));
	EXPECT(1, n_calls);
	EXPECT(6, U32(0) ? count(5) : count(S32(6)));
	EXPECT(2, n_calls);

	EXPECT(1, grade(S32(-5)));
	EXPECT(1, grade(S32(9)));
	EXPECT(2, grade(S32(10)));
	EXPECT(3, grade(S32(29)));
	EXPECT(4, grade(S32(30)));
	EXPECT(5, absolute(S64(-5)));
	EXPECT(5, absolute(S64(5)));
	EXPECT(0x8000000000000000, absolute(S64(-0x7fffffffffffffff - 1)));

	// The common type.
	EXPECT(0xffffffff, U32(1) ? S32(-1) : U32(1));
	EXPECT(-1, U32(1) ? S8(-1) : U8(1));
	EXPECT(255, U32(0) ? S8(-1) : U8(255));
	EXPECT(0xffffffff, U32(0) ? S64(1) : U32(0xffffffff));
	EXPECT(1, (U32(1) ? -1 : 0u) > 0);
	EXPECT(0, (U32(1) ? -1 : 0) > 0);

	// Structures, pointers, void.
	r = U32(1) ? p : q;
	EXPECT(1, r.x);
	EXPECT(4, (U32(0) ? p : q).y);
	pointer = U32(1) ? &a : &b;
	*pointer = 10;
	EXPECT(10, a);
	EXPECT(2, b);
	*(U32(0) ? &a : &b) = 20;
	EXPECT(20, b);
	pointer = U32(0) ? &a : 0;
	EXPECT(1, !pointer);
	U32(1) ? (void)(a = 1) : (void)(b = 1);
	EXPECT(1, a);
	EXPECT(20, b);

	// It binds less than comparison, more than assignment, and to the right.
	a = U32(5) > 4 ? 1 : 0;
	EXPECT(1, a);
	a += U32(0) ? 10 : 20;
	EXPECT(21, a);
	EXPECT(3, U32(0) ? 1 : U32(0) ? 2 : 3);
	EXPECT(2, U32(1) ? U32(0) ? 1 : 2 : 3);
	EXPECT(9, U32(1) ? a = 9, a : 0);
	EXPECT(1, U32(3) > U32(2) ? U32(3) != U32(2) : U32(3));
	return 0;
}
//~ run == 0
