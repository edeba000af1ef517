// Sums, differences and products that say whether they fit.
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	u32 r32;
	s32 r;
	u8 r8;

	EXPECT(0, __builtin_add_overflow(U32(1), U32(2), &r32));
	EXPECT(3, r32);
	EXPECT(1, __builtin_add_overflow(U32(0xffffffff), U32(2), &r32));
	EXPECT(1, r32);
	EXPECT(1, __builtin_add_overflow(S32(0x7fffffff), S32(1), &r));
	EXPECT(-2147483648ll, r);
	EXPECT(0, __builtin_add_overflow(S32(-5), S32(3), &r));
	EXPECT(-2, r);
	EXPECT(1, __builtin_sub_overflow(U32(1), U32(2), &r32));
	EXPECT(0xffffffff, r32);
	EXPECT(1, __builtin_mul_overflow(U32(0x10000), U32(0x10000), &r32));
	EXPECT(0, r32);
	EXPECT(0, __builtin_mul_overflow(U32(0x10000), U32(0xffff), &r32));
	EXPECT(0xffff0000, r32);
	EXPECT(1, __builtin_mul_overflow(S32(0x10000), S32(-0x10000), &r));
	EXPECT(0, __builtin_mul_overflow(S32(-3), S32(7), &r));
	EXPECT(-21, r);
	EXPECT(1, __builtin_add_overflow(U8(200), U8(100), &r8));
	EXPECT(44, r8);
	EXPECT(0, __builtin_add_overflow(U32(100), S32(-50), &r8));
	EXPECT(50, r8);
	return 0;
}
//~ run == 0
