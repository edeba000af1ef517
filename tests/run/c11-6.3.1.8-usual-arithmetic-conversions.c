// The wider type wins; at equal width, the unsigned one.
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	BINARY(4294967295, S32, -1, +, U32, 0);
	BINARY(4294967294, S32, -1, +, U32, 4294967295);
	BINARY(0, S32, 1, +, U32, 4294967295);
	BINARY(4294967296, S64, 1, +, U32, 4294967295);
	BINARY(4294967294, S64, -1, +, U32, 4294967295);
	BINARY(-2, S64, -1, +, S32, -1);
	BINARY(0xffffffffffffffff, U64, 0, +, S32, -1);
	BINARY(0xfffffffffffffffe, U64, 0xffffffffffffffff, +, S8, -1);
	BINARY(0x100000000, U64, 1, +, U32, 0xffffffff);
	BINARY(4294967291, U32, 5, -, S32, 10);
	BINARY(-5, S64, 5, -, U32, 10);
	BINARY(-5, S32, 5, -, U16, 10);
	BINARY(0xfffffffffffffffb, U64, 5, -, U8, 10);
	BINARY(4294967286, U32, 5, *, S32, -2);
	BINARY(-10, S64, -2, *, U32, 5);
	BINARY(0xfffffffe00000001, U64, 0xffffffff, *, U32, 0xffffffff);
	BINARY(1, U32, 0xffffffff, *, U32, 0xffffffff);
	BINARY(0x80000000, U32, 0x80000000, |, S8, 0);
	BINARY(0xffffffff, U32, 0, |, S8, -1);
	BINARY(0xffffffffffffffff, U64, 0, |, S8, -1);
	BINARY(-1, S64, 0, |, S8, -1);
	BINARY(0xffffffff, S64, -1, &, U32, 0xffffffff);
	BINARY(0xffffffffffffffff, S64, -1, &, S32, -1);
	BINARY(0xffffffff00000000, S64, -1, ^, U32, 0xffffffff);
	BINARY(2147483647, S32, -1, /, U32, 2);
	BINARY(0x7fffffffffffffff, U64, 0xffffffffffffffff, /, U8, 2);
	BINARY(0x7fffffffffffffff, S32, -1, /, U64, 2);
	BINARY(1, S32, -1, %, U32, 2);
	BINARY(5, S32, -1, %, U32, 10);
	BINARY(5, U64, 0xffffffffffffffff, %, U8, 10);

	// Comparisons convert first.
	BINARY(0, S32, -1, <, U32, 0);
	BINARY(1, S32, -1, >, U32, 0);
	BINARY(1, S32, -1, ==, U32, 0xffffffff);
	BINARY(1, S64, -1, <, U32, 0);
	BINARY(0, S64, -1, ==, U32, 0xffffffff);
	BINARY(0, S64, -1, <, U64, 0);
	BINARY(1, S32, -1, ==, U64, 0xffffffffffffffff);
	BINARY(1, S8, -1, ==, U32, 0xffffffff);
	BINARY(1, S8, -1, >, U64, 1);
	BINARY(1, S8, -1, <, U16, 1);
	BINARY(1, U32, 0x80000000, >, S32, 0x7fffffff);
	BINARY(1, U32, 0x80000000, >, S64, 0x7fffffff);

	EXPECT(8, sizeof((u32)1 + (u64)1));
	EXPECT(8, sizeof((s8)1 + (s64)1));
	EXPECT(4, sizeof((u32)1 + (s8)1));
	EXPECT(8, sizeof(1 ? (u32)1 : (s64)1));
	EXPECT(4, sizeof(1 ? (u8)1 : (s16)1));
	// The unused operand of a conditional decides the type as well.
	EXPECT(4294967295, U32(1) ? S32(-1) : U32(0));
	EXPECT(-1, U32(1) ? S64(-1) : U32(0));
	EXPECT(0xffffffffffffffff, U32(1) ? S8(-1) : U64(0));
	return 0;
}
//~ run == 0
