// Shifts of 128-bit integers.
//@ clang: none: it calls a library for them
//@ cpu: v3
#include "expect.h"

typedef __int128 s128;
typedef unsigned __int128 u128;

#define WIDE(high, low) (((u128)U64(high) << 64) | U64(low))
#define EXPECT_WIDE(high, low, value)                                                              \
	do {                                                                                       \
		u128 wide_value = (value);                                                         \
		EXPECT(high, (u64)(wide_value >> 64));                                             \
		EXPECT(low, (u64)wide_value);                                                      \
	} while (0)

noinline int shifts_to_the_left(void)
{
	EXPECT_WIDE(0x123456789abcdef0, 0xfedcba987654321, WIDE(0x123456789abcdef0, 0xfedcba987654321) << U32(0));
	EXPECT_WIDE(0x2468acf13579bde0, 0x1fdb97530eca8642, WIDE(0x123456789abcdef0, 0xfedcba987654321) << U32(1));
	EXPECT_WIDE(0x4d5e6f7807f6e5d4, 0xc3b2a19080000000, WIDE(0x123456789abcdef0, 0xfedcba987654321) << U32(31));
	EXPECT_WIDE(0x7f6e5d4c3b2a190, 0x8000000000000000, WIDE(0x123456789abcdef0, 0xfedcba987654321) << U32(63));
	EXPECT_WIDE(0xfedcba987654321, 0x0, WIDE(0x123456789abcdef0, 0xfedcba987654321) << U32(64));
	EXPECT_WIDE(0x1fdb97530eca8642, 0x0, WIDE(0x123456789abcdef0, 0xfedcba987654321) << U32(65));
	EXPECT_WIDE(0x8000000000000000, 0x0, WIDE(0x123456789abcdef0, 0xfedcba987654321) << U32(127));
	EXPECT_WIDE(0x1a2b3c4d5e6f7807, 0xf6e5d4c3b2a19080, WIDE(0x123456789abcdef0, 0xfedcba987654321) << 7);
	EXPECT_WIDE(0x7654321000000000, 0x0, WIDE(0x123456789abcdef0, 0xfedcba987654321) << 100);
	return 0;
}

noinline int shifts_to_the_right(void)
{
	EXPECT_WIDE(0x123456789abcdef0, 0xfedcba987654321, WIDE(0x123456789abcdef0, 0xfedcba987654321) >> U32(0));
	EXPECT_WIDE(0x91a2b3c4d5e6f78, 0x7f6e5d4c3b2a190, WIDE(0x123456789abcdef0, 0xfedcba987654321) >> U32(1));
	EXPECT_WIDE(0x0, 0x2468acf13579bde0, WIDE(0x123456789abcdef0, 0xfedcba987654321) >> U32(63));
	EXPECT_WIDE(0x0, 0x123456789abcdef0, WIDE(0x123456789abcdef0, 0xfedcba987654321) >> U32(64));
	EXPECT_WIDE(0x0, 0x91a2b3c4d5e6f78, WIDE(0x123456789abcdef0, 0xfedcba987654321) >> U32(65));
	EXPECT_WIDE(0x0, 0x0, WIDE(0x123456789abcdef0, 0xfedcba987654321) >> U32(127));
	EXPECT_WIDE(0x0, 0x1, WIDE(0x8000000000000000, 0x0) >> 127);
	return 0;
}

noinline int arithmetic_shifts(void)
{
	EXPECT_WIDE(0xffffffffffffffff, 0xfffffffffffffffe, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) >> U32(0));
	EXPECT_WIDE(0xffffffffffffffff, 0xffffffffffffffff, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) >> U32(1));
	EXPECT_WIDE(0xffffffffffffffff, 0xffffffffffffffff, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) >> U32(63));
	EXPECT_WIDE(0xffffffffffffffff, 0xffffffffffffffff, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) >> U32(64));
	EXPECT_WIDE(0xffffffffffffffff, 0xffffffffffffffff, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) >> U32(65));
	EXPECT_WIDE(0xffffffffffffffff, 0xffffffffffffffff, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) >> U32(127));
	EXPECT_WIDE(0xf000000000000000, 0x0, (s128)WIDE(0x8000000000000000, 0x0) >> 3);
	return 0;
}

SEC("xdp") int test(void *ctx)
{
	int line;

	if ((line = shifts_to_the_left()))
		return line;
	if ((line = shifts_to_the_right()))
		return line;
	if ((line = arithmetic_shifts()))
		return line;
	return 0;
}
//~ run == 0
