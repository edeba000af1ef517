// Pointers to functions that are known where they are called.
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

static u32 apply_twice(unary f, u32 x)
{
	return apply(f, f(x));
}

always_inline u32 apply_if_any(unary f, u32 x)
{
	return f ? f(x) : 1;
}

struct operations {
	const char *name;
	u32 (*run)(u32 x);
	s64 (*sum)(s8 a, s32 b, s64 c);
};

noinline s64 sum(s8 a, s32 b, s64 c)
{
	return a + b + c;
}

static const struct operations operations = { .name = "it", .run = thrice, .sum = sum };
static const unary table[] = { twice, thrice, &twice };
static u32 (*const pointer)(u32) = thrice;
static const struct operations *const both[2] = { &operations, &operations };

always_inline u32 run(const struct operations *operations, u32 x)
{
	return operations->run(x);
}

noinline int tables(void)
{
	u32 total = 0;

	EXPECT(14, table[0](U32(7)));
	EXPECT(21, (*table[1])(U32(7)));
	EXPECT(21, pointer(U32(7)));
	EXPECT(21, operations.run(U32(7)));
	EXPECT(9, run(&operations, U32(3)));
	EXPECT(6, both[1]->run(2));
	EXPECT(5, operations.sum(S8(-1), S32(2), S64(4)));
	EXPECT(0xfffffffffffffffe, operations.sum(S8(-1), S32(-1), S64(0)));
#pragma clang loop unroll(full)
	for (int i = 0; i < 3; i++)
		total += table[i](U32(2));
	EXPECT(14, total);
	return 0;
}

SEC("xdp") int test(void *ctx)
{
	unary local = thrice;
	int line = tables();

	if (line)
		return line;
	EXPECT(28, apply_twice(twice, U32(7)));
	EXPECT(63, apply_twice(thrice, U32(7)));
	EXPECT(14, apply_if_any(twice, U32(7)));
	EXPECT(1, apply_if_any(0, U32(7)));
	EXPECT(1, local == thrice);
	EXPECT(1, local != twice);

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
