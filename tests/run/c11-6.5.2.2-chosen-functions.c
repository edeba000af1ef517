// Calls of one of a few functions, chosen by conditions.
//@ clang: none: it calls through pointers, which BPF cannot
#include "expect.h"

static u32 half(u32 x)
{
	return x / 2;
}

noinline u32 twice(u32 x)
{
	return x * 2;
}

noinline u32 square(u32 x)
{
	return x * x;
}

static volatile u32 n_nothings;
noinline void nothing(u32 x)
{
	n_nothings += x;
}

always_inline u32 apply(u32 (*f)(u32), u32 x)
{
	return f(x);
}

noinline int choices(void)
{
	u32 (*f)(u32) = U32(1) ? twice : half;
	void (*none)(u32) = 0;

	EXPECT(14, f(7));
	EXPECT(14, apply(f, 7));
	EXPECT(3, apply(U32(0) ? twice : half, 7));
	f = square;
	if (U32(7) == 8)
		f = twice;
	else if (U32(7) == 9)
		f = half;
	EXPECT(49, f(7));
	EXPECT(49, f ? f(7) : 1);
	if (U32(1))
		none = nothing;
	if (none)
		none(3);
	EXPECT(3, n_nothings);
	return 0;
}

noinline int loops(void)
{
	u32 (*f)(u32) = half;
	u32 x = U32(5);

	for (u32 i = 0; i < 6; i++) {
		x = f(x) + 1;
		f = x & 1 ? square : twice;
	}
	EXPECT(26, x & 31);
	return 0;
}

SEC("socket") int test(void *ctx)
{
	int line = choices();

	return line ? line : loops();
}
//~ run == 0
