// `a ?: b` is a if it is not zero; a is evaluated once.
#include "expect.h"

static u32 n_calls;

always_inline u32 count(u32 x)
{
	n_calls++;
	return x;
}

SEC("xdp") int test(void *ctx)
{
	u32 a = 1, *p = 0;

	EXPECT(5, U32(5) ?: 7);
	EXPECT(7, U32(0) ?: 7);
	EXPECT(5, 5 ?: 7);
	EXPECT(7, 0 ?: 7);
	EXPECT(9, U32(0) ?: U32(0) ?: U32(9));
	EXPECT(3, count(U32(3)) ?: count(U32(4)));
	EXPECT(1, n_calls);
	EXPECT(4, count(U32(0)) ?: count(U32(4)));
	EXPECT(3, n_calls);
	EXPECT(1, a++ ?: 50);
	EXPECT(2, a);
	EXPECT(2, *(p ?: &a));
	p = &a;
	EXPECT(1, (p ?: (u32 *)0) == &a);
	EXPECT(0xffffffff, U8(0) ?: (s8)-1 ?: 0u);
	EXPECT(0x100000000, U64(0x100000000) ?: 1);
	EXPECT(-1, S8(-1) ?: 3ll);
	EXPECT(0xffffffff, S8(-1) ?: 3u);
	return 0;
}
//~ run == 0
