// Order, signed and unsigned, on every width; in values and in branches.
#include "expect.h"

#define ORDER(type, less, more)                                                                    \
	do {                                                                                       \
		BINARY(1, type, less, <, type, more);                                              \
		BINARY(1, type, less, <=, type, more);                                             \
		BINARY(0, type, less, >, type, more);                                              \
		BINARY(0, type, less, >=, type, more);                                             \
		BINARY(0, type, more, <=, type, less);                                             \
		BINARY(1, type, more, >, type, less);                                              \
		BINARY(0, type, less, <, type, less);                                              \
		BINARY(1, type, more, >=, type, more);                                             \
	} while (0)

noinline s32 sign(s64 x)
{
	if (x < 0)
		return -1;
	if (x > 0)
		return 1;
	return 0;
}

noinline s32 compare_s32(s32 a, s32 b)
{
	if (a < b)
		return -1;
	else if (a == b)
		return 0;
	else
		return 1;
}

noinline s32 compare_u32(u32 a, u32 b)
{
	if (a < b)
		return -1;
	else if (a == b)
		return 0;
	else
		return 1;
}

noinline u32 clamp(u32 x, u32 least, u32 most)
{
	return x < least ? least : x > most ? most : x;
}

SEC("xdp") int test(void *ctx)
{
	ORDER(S8, -128, 127);
	ORDER(S8, -1, 0);
	ORDER(U8, 127, 128);
	ORDER(S16, -1, 1);
	ORDER(U16, 0x7fff, 0x8000);
	ORDER(S32, -1, 0);
	ORDER(S32, -2147483647 - 1, 2147483647);
	ORDER(U32, 0x7fffffff, 0x80000000);
	ORDER(U32, 0, 0xffffffff);
	ORDER(S64, -1, 0);
	ORDER(S64, -4294967296, 4294967296);
	ORDER(S64, 0x7fffffff, 0x80000000);
	ORDER(U64, 0xffffffff, 0x100000000);
	ORDER(U64, 0x7fffffffffffffff, 0x8000000000000000);
	ORDER(U64, 0x80000000, 0xffffffff80000000);

	EXPECT(-1, sign(S64(-9000000000)));
	EXPECT(0, sign(S64(0)));
	EXPECT(1, sign(S64(1)));
	EXPECT(1, sign(S64(0x80000000)));
	EXPECT(-1, compare_s32(S32(-1), S32(0)));
	EXPECT(1, compare_u32(S32(-1), S32(0)));
	EXPECT(0, compare_s32(S32(-1), S32(-1)));
	EXPECT(1, compare_s32(S32(0x7fffffff), S32(-0x7fffffff)));
	EXPECT(-1, compare_u32(U32(0x7fffffff), U32(0x80000001)));
	EXPECT(5, clamp(U32(1), 5, 10));
	EXPECT(10, clamp(U32(0xffffffff), 5, 10));
	EXPECT(7, clamp(U32(7), 5, 10));

	// The result is an int: chains compare it again.
	EXPECT(1, S32(3) > S32(2) == 1);
	EXPECT(0, S32(3) > S32(2) > S32(1));
	EXPECT(1, (S32(1) < S32(2)) + (S32(2) < S32(1)));
	EXPECT(4, sizeof(1ull < 2ull));
	return 0;
}
//~ run == 0
