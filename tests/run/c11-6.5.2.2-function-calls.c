// Calls, inlined and not: arguments are converted to the parameters' types, results back.
#include "expect.h"

struct pair {
	u64 a;
	u64 b;
};

static u32 n_calls;

noinline int five(int a, int b, int c, int d, int e)
{
	return a + 10 * b + 100 * c + 1000 * d + 10000 * e;
}

noinline u64 mixed(u8 a, s8 b, u16 c, s32 d, u64 e)
{
	return a + b + c + d + e;
}

noinline s8 narrow(int x)
{
	return x;
}

noinline u16 narrow_unsigned(s64 x)
{
	return x;
}

noinline s64 widen(s8 x)
{
	return x;
}

noinline u64 widen_unsigned(u32 x)
{
	return x;
}

noinline void swap(struct pair *pair)
{
	u64 old = pair->a;

	pair->a = pair->b;
	pair->b = old;
	n_calls++;
}

noinline int leaf(int x)
{
	n_calls++;
	return x + 1;
}

noinline int middle(int x)
{
	return leaf(x) + leaf(x * 2);
}

noinline int top(int x)
{
	int before = x;
	int result = middle(x + 1);

	return result * 1000 + before;
}

always_inline int inlined(int x)
{
	if (x > 10)
		return 10;
	x += 1;
	return x;
}

always_inline void store(u32 *out, u32 value)
{
	*out = value;
}

static u32 plain(u32 a, u32 b)
{
	u32 most = a;

	if (b > most)
		most = b;
	return most;
}

noinline void nothing(void)
{
}

noinline u32 stack_user(u32 seed)
{
	u32 values[8];
	u32 sum = 0;

	for (u32 i = 0; i < 8; i++)
		values[i] = seed + i;
	for (u32 i = 0; i < 8; i++)
		sum += values[i] * i;
	return sum;
}

always_inline struct pair make_pair(u64 a, u64 b)
{
	struct pair pair = { a, b };

	return pair;
}

always_inline u64 sum_pair(struct pair pair)
{
	pair.a += pair.b;
	return pair.a;
}

SEC("xdp") int test(void *ctx)
{
	struct pair pair = { U64(1), U64(2) };
	struct pair made;
	u32 out = 0;

	EXPECT(54321, five(1, 2, 3, 4, 5));
	EXPECT(54321, five(S32(1), S32(2), S32(3), S32(4), S32(5)));
	EXPECT(-12345, five(S32(-5), S32(-4), -3, S32(-2), -1));
	EXPECT(255 - 1 + 65535 - 7 + 0x100000000, mixed(U8(255), S8(-1), U16(65535), S32(-7), U64(0x100000000)));
	// 256 becomes 0, 255 becomes -1, 65536 becomes 0.
	EXPECT(0xfffffffffffffffe, mixed(U32(256), U32(255), U32(65536), U64(0xffffffff), U64(0)));
	EXPECT(-1, narrow(S32(255)));
	EXPECT(0, narrow(S32(256)));
	EXPECT(-128, narrow(S32(0x1280)));
	EXPECT(65535, narrow_unsigned(S64(-1)));
	EXPECT(0, narrow_unsigned(S64(65536)));
	EXPECT(-1, widen(S32(255)));
	EXPECT(127, widen(S32(0xff7f)));
	EXPECT(0xffffffff, widen_unsigned(S64(-1)));
	EXPECT(1, widen_unsigned(U64(0x100000001)));

	swap(&pair);
	EXPECT(2, pair.a);
	EXPECT(1, pair.b);
	EXPECT(1, n_calls);
	EXPECT(20005, top(S32(5)));
	EXPECT(3, n_calls);
	EXPECT(6, inlined(S32(5)));
	EXPECT(10, inlined(S32(50)));
	EXPECT(11, inlined(10));
	EXPECT(7, inlined(inlined(S32(5))));
	store(&out, U32(9));
	EXPECT(9, out);
	EXPECT(8, plain(U32(8), 7));
	EXPECT(9, plain(U32(8), 9));
	nothing();
	EXPECT(28 * 3 + 140, stack_user(U32(3)));
	EXPECT(28 * 9 + 140, stack_user(stack_user(0) == 140 ? 9 : 0));

	made = make_pair(U64(5), U64(6));
	EXPECT(5, made.a);
	EXPECT(6, made.b);
	EXPECT(11, sum_pair(made));
	EXPECT(5, made.a);
	EXPECT(8, make_pair(7, U64(8)).b);
	EXPECT(15, sum_pair(make_pair(7, U64(8))));
	// A call through a cast to void has its side effects.
	(void)leaf(1);
	EXPECT(4, n_calls);
	// Calls as operands and arguments.
	EXPECT(leaf(3) + 4, leaf(S32(3)) + leaf(S32(3)));
	EXPECT(five(1, 2, 3, 4, 6), five(S32(1), leaf(1), 3, leaf(3), plain(5, U32(6))));
	return 0;
}
//~ run == 0
