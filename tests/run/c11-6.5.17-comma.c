// The left operand first, for its side effects; the right one is the result.
#include "expect.h"

static u32 trace;

always_inline u32 log_digit(u32 digit)
{
	trace = trace * 10 + digit;
	return digit;
}

SEC("xdp") int test(void *ctx)
{
	u32 a = 0, b = 0, i, j;

	EXPECT(2, (1, 2));
	EXPECT(3, (a = 1, b = 2, a + b));
	EXPECT(7, (log_digit(5), log_digit(7)));
	EXPECT(57, trace);
	a = (b = U32(4), b * 2);
	EXPECT(8, a);
	a = 1, b = 3;
	EXPECT(1, a);
	EXPECT(3, b);
	a = (1, b);
	EXPECT(3, a);
	for (i = 0, j = 10; i < j; i++, j--)
		;
	EXPECT(5, i);
	EXPECT(5, j);
	if (a = 0, b)
		a = 9;
	EXPECT(9, a);
	EXPECT(1, sizeof(((void)0, (u8)1)));
	EXPECT(255, ((void)0, U8(255)));
	EXPECT(0, (u8)(1, U32(256)));
	trace = 0;
	EXPECT(3, log_digit(1) ? log_digit(2), log_digit(3) : log_digit(4));
	EXPECT(123, trace);
	a = U32(0) ? (b = 1, 2) : (b = 3, 4);
	EXPECT(4, a);
	EXPECT(3, b);
	return 0;
}
//~ run == 0
