// A conversion keeps the value where the type can hold it, and else its low bits.
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	u64 wide = U64(0xfedcba9876543210);
	u8 a;
	s8 b;
	u16 c;
	s16 d;
	u32 e;
	s32 f;

	CAST(0x10, U8, U64, 0xfedcba9876543210);
	CAST(0x3210, U16, U64, 0xfedcba9876543210);
	CAST(0x76543210, U32, U64, 0xfedcba9876543210);
	CAST(-128, S8, U32, 0x80);
	CAST(-1, S8, U32, 0xff);
	CAST(-1, S8, U64, 0xffff);
	CAST(127, S8, U64, 0xff7f);
	CAST(-32768, S16, U32, 0x8000);
	CAST(-1, S16, U64, 0xffffff);
	CAST(0x7fff, S16, U64, 0x17fff);
	CAST(-2147483647 - 1, S32, U64, 0x80000000);
	CAST(-1, S32, U64, 0xffffffff);
	CAST(0, S32, U64, 0x100000000);
	CAST(-1, S64, U64, 0xffffffffffffffff);

	// Widening copies the sign of a signed type, whatever the target is.
	CAST(-1, S64, S8, -1);
	CAST(-1, S64, S16, -1);
	CAST(-1, S64, S32, -1);
	CAST(255, S64, U8, 255);
	CAST(65535, S64, U16, 65535);
	CAST(4294967295, S64, U32, 4294967295);
	CAST(0xffffffffffffffff, U64, S8, -1);
	CAST(0xffffffffffffff80, U64, S8, -128);
	CAST(0xffffffffffff8000, U64, S16, -32768);
	CAST(0xffffffff80000000, U64, S32, -2147483647 - 1);
	CAST(0xffffffff, U32, S8, -1);
	CAST(0xffff8000, U32, S16, -32768);
	CAST(0xffff, U16, S8, -1);
	CAST(0xff80, U16, S8, -128);
	CAST(200, S16, U8, 200);
	CAST(-56, S8, U8, 200);
	CAST(0xff, U8, S32, -1);

	// Chains.
	EXPECT(-16, (s64)(s8)(u8)(u32)U64(0xf0));
	EXPECT(240, (u64)(u8)(s8)U64(0xf0));
	EXPECT(4294967280, (u64)(u32)(s8)U64(0xf0));
	EXPECT(0xfffffffffffffff0, (u64)(s8)U64(0xf0));
	EXPECT(65520, (s32)(u16)(s8)U64(0xf0));
	EXPECT(-1, (s32)(s16)(u32)U64(0xffffffffffff));

	// Assignment converts.
	a = wide;
	EXPECT(0x10, a);
	b = wide >> 8;
	EXPECT(0x32, b);
	b = wide >> 24;
	EXPECT(0x76, b);
	b = wide >> 32;
	EXPECT(-104, b);
	c = wide >> 32;
	EXPECT(0xba98, c);
	d = wide >> 32;
	EXPECT(-17768, d);
	e = wide >> 16;
	EXPECT(0xba987654, e);
	f = wide >> 16;
	EXPECT(-1164413356, f);
	a = U32(256);
	EXPECT(0, a);
	c = U32(65537);
	EXPECT(1, c);
	return 0;
}
//~ run == 0
