// `+ - ~ !` on every width.
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	u32 x = 0;

	UNARY(-5, -, S32, 5);
	UNARY(5, -, S32, -5);
	UNARY(4294967291, -, U32, 5);
	UNARY(0, -, U32, 0);
	UNARY(0x80000000, -, U32, 0x80000000);
	UNARY(-5, -, S64, 5);
	UNARY(0xfffffffffffffffb, -, U64, 5);
	UNARY(-4294967296, -, S64, 4294967296);
	UNARY(0x8000000000000000, -, U64, 0x8000000000000000);
	UNARY(2147483647, -, S32, -2147483647);
	UNARY(-1, ~, S32, 0);
	UNARY(0xffffffff, ~, U32, 0);
	UNARY(0xffffffffffffffff, ~, U64, 0);
	UNARY(0xf0f0f0f0, ~, U32, 0x0f0f0f0f);
	UNARY(0xffffffff00000000, ~, U64, 0xffffffff);
	UNARY(0, ~, S64, -1);
	UNARY(41, ~, S32, -42);
	UNARY(7, +, S8, 7);
	UNARY(-7, +, S64, -7);
	UNARY(1, !, U8, 0);
	UNARY(0, !, U8, 1);
	UNARY(0, !, S32, -1);
	UNARY(0, !, U64, 0x8000000000000000);
	UNARY(1, !, S64, 0);
	EXPECT(3, - -S32(3));
	EXPECT(3, ~~S32(3));
	EXPECT(1, !!S32(3));
	EXPECT(-4, ~-(-S32(3)));
	EXPECT(2, -~S32(1));
	EXPECT(-2147483647 - 1, ~S32(0x7fffffff));
	EXPECT(0xffffffff00000000, ~(u64)U32(0xffffffff));
	EXPECT(0xffffffff, (u64)~U32(0));
	EXPECT(0xffffff00, (u32)~U8(0xff));
	EXPECT(0xffffffffffffff00, (u64)~U8(0xff));
	EXPECT(4294967295, (u64)-U32(1));
	EXPECT(-1, (s64)-S32(1));
	EXPECT(1, !x);
	EXPECT(0, !&x);
	return 0;
}
//~ run == 0
