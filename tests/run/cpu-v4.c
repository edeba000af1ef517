// What instruction set v4 has instructions for: signed division, sign extension, byte swaps.
//@ clang: none: it has no signed division before v4
#include "expect.h"

static s8 bytes[4] = { -1, -128, 127, 1 };
static s16 halves[2] = { -2, 32767 };
static s32 words[2] = { -3, 2147483647 };

noinline s64 divide(s64 a, s64 b)
{
	return a / b;
}

noinline s32 remainder32(s32 a, s32 b)
{
	return a % b;
}

SEC("xdp") int test(void *ctx)
{
	EXPECT(-3, divide(S64(-7), S64(2)));
	EXPECT(3, divide(S64(-7), S64(-2)));
	EXPECT(-3, divide(S64(7), S64(-2)));
	EXPECT(-7, divide(S64(-7), 1));
	EXPECT(-1, remainder32(S32(-7), S32(2)));
	EXPECT(1, remainder32(S32(7), S32(-2)));
	EXPECT(-1, S64(-7) / 5);
	EXPECT(-2, S64(-7) % 5);
	EXPECT(-4, S64(-16) / 4);
	EXPECT(-1, S32(-7) / 5);
	EXPECT(-2, S32(-7) % 5);
	EXPECT(1, S32(-7) / -5);

	u32 i = U32(1);
	EXPECT(-128, bytes[i & 3]);
	EXPECT(-1, bytes[(i - 1) & 3]);
	EXPECT(32767, halves[i & 1]);
	EXPECT(-2, halves[(i + 1) & 1]);
	EXPECT(2147483647, words[i & 1]);
	EXPECT(-3, words[(i + 1) & 1]);
	EXPECT(-1, (s8)U64(0xff));
	EXPECT(-1, (s16)U64(0xffff));
	EXPECT(-1, (s32)U64(0xffffffff));
	EXPECT(-1, (s8)U32(0x1ff));
	EXPECT(-1, (s16)U32(0x1ffff));

	EXPECT(0x3412, __builtin_bswap16(U16(0x1234)));
	EXPECT(0x78563412, __builtin_bswap32(U32(0x12345678)));
	EXPECT(0x0807060504030201, __builtin_bswap64(U64(0x0102030405060708)));
	return 0;
}
//~ run == 0
