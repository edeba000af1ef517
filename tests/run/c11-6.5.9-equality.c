// Equality of numbers, pointers and null.
#include "expect.h"

struct thing {
	int x;
};

static struct thing one, two;

always_inline struct thing *choose(u32 which)
{
	return which == 1 ? &one : which == 2 ? &two : (struct thing *)0;
}

SEC("xdp") int test(void *ctx)
{
	int a, b;
	struct thing *none = 0;

	BINARY(1, U8, 7, ==, U8, 7);
	BINARY(0, U8, 7, ==, U8, 8);
	BINARY(1, U8, 7, !=, U8, 8);
	BINARY(1, S32, -1, ==, S8, -1);
	BINARY(1, S64, -1, ==, S32, -1);
	BINARY(0, U32, 0, ==, U64, 0x100000000);
	BINARY(1, U32, 0, !=, U64, 0x100000000);
	BINARY(0, U64, 0x100000001, ==, U64, 1);
	BINARY(1, U64, 0x8000000000000000, ==, U64, 0x8000000000000000);
	BINARY(1, U64, 0xffffffff80000000, ==, S32, -2147483647 - 1);
	BINARY(0, U64, 0x80000000, ==, S32, -2147483647 - 1);
	BINARY(1, U32, 0x80000000, ==, S32, -2147483647 - 1);
	BINARY(0, S16, -1, ==, U16, 65535);
	BINARY(1, BOOL, 5, ==, S32, 1);
	BINARY(1, U64, 0x123456789abcdef0, ==, U64, 0x123456789abcdef0);
	BINARY(1, U64, 0x123456789abcdef0, !=, U64, 0x9abcdef0);

	EXPECT(1, &a == &a);
	EXPECT(1, &a != &b);
	EXPECT(1, none == 0);
	EXPECT(0, none != 0);
	EXPECT(1, 0 == none);
	EXPECT(1, none == (void *)0);
	EXPECT(1, choose(1) == &one);
	EXPECT(1, choose(2) != &one);
	EXPECT(1, choose(3) == 0);
	EXPECT(0, choose(1) == choose(2));
	EXPECT(1, (void *)choose(1) == &one.x);
	EXPECT(1, (S32(1) == S32(2)) == (S32(3) == S32(4)));
	EXPECT(1, S32(2) != S32(2) == 0);
	EXPECT(0, !S32(2) == S32(2));
	return 0;
}
//~ run == 0
