// Pointers to functions that are known where they are called.
//@ unsupported: E0412 calls through pointers are refused even where the function is known
#include "expect.h"

typedef u32 (*unary)(u32);

always_inline u32 twice(u32 x)
{
	return x * 2;
}

noinline u32 thrice(u32 x)
{
	return x * 3;
}

always_inline u32 apply(unary f, u32 x)
{
	return f(x);
}

SEC("xdp") int test(void *ctx)
{
	unary local = thrice;

	EXPECT(14, (*twice)(U32(7)));
	EXPECT(14, (&twice)(U32(7)));
	EXPECT(14, apply(twice, U32(7)));
	EXPECT(14, apply(&twice, U32(7)));
	EXPECT(21, apply(thrice, U32(7)));
	EXPECT(21, local(U32(7)));
	EXPECT(21, (*local)(U32(7)));
	return 0;
}
//~ run == 0
