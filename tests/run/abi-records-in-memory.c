// Records that no register holds, as parameters and results; more arguments than registers.
//@ clang: none: it inlines such calls or refuses them
#include "expect.h"

struct small { u16 a; u8 b[3]; };
struct pair { u64 a; s64 b; };
struct large { u64 a[3]; struct small b; };
typedef unsigned __int128 u128;

#define CALLEES(how, name)                                                                         \
	how u64 name##_sum(struct large x, int y)                                                  \
	{                                                                                          \
		x.a[2] += x.b.a;                                                                   \
		return x.a[0] + x.a[1] + x.a[2] + x.b.b[2] + y;                                    \
	}                                                                                          \
	how struct small name##_small(u16 a, u8 b)                                                 \
	{                                                                                          \
		return (struct small){ a, { 1, 2, b } };                                           \
	}                                                                                          \
	how struct pair name##_pair(struct pair x) { return (struct pair){ x.b, x.a }; }           \
	how struct large name##_large(struct large x, struct small y)                              \
	{                                                                                          \
		x.b = y;                                                                           \
		x.a[1] = x.a[0] * 2;                                                               \
		return x;                                                                          \
	}                                                                                          \
	how u128 name##_wide(u128 x, u128 y) { return x + y; }                                     \
	how struct pair name##_nested(struct pair x)                                               \
	{                                                                                          \
		return name##_pair(name##_pair(name##_pair(x)));                                   \
	}

CALLEES(noinline, called)
CALLEES(always_inline, inlined)

static u64 seed = 1;

#define CALLS(name)                                                                                \
	do {                                                                                       \
		struct large large = { { 1, 2, 3 * seed }, { 4, { 5, 6, 7 } } };                   \
		struct pair pair = { 10, -20 * seed };                                             \
		EXPECT(118, name##_sum(large, 101));                                               \
		EXPECT(3, large.a[2]);                                                             \
		EXPECT(65535, name##_small(0xffff * seed, 3).a);                                   \
		EXPECT(33, name##_small(1, 33 * seed).b[2]);                                       \
		EXPECT(-20, name##_pair(pair).a);                                                  \
		EXPECT(10, name##_pair(pair).b);                                                   \
		EXPECT(10, name##_nested(pair).b);                                                 \
		struct large other = name##_large(large, name##_small(9, 8 * seed));               \
		EXPECT(2, other.a[1]);                                                             \
		EXPECT(9, other.b.a);                                                              \
		EXPECT(8, other.b.b[2]);                                                           \
		EXPECT(4, large.b.a);                                                              \
		large = name##_large(large, other.b);                                              \
		EXPECT(16, large.a[1] + large.a[2] + large.b.a + 2);                               \
		u128 wide = name##_wide((u128)-1 >> 64, seed);                                     \
		EXPECT(1, (u64)(wide >> 64));                                                      \
		EXPECT(0, (u64)wide);                                                              \
	} while (0)

noinline int calls(void)
{
	CALLS(called);
	return 0;
}

noinline int inlined(void)
{
	CALLS(inlined);
	return 0;
}

// Inlined calls may have any number of arguments.
always_inline u64 many(u8 a, s8 b, u16 c, struct pair d, u32 e, s32 f, u64 g, struct large h, int i,
		       int j, int k, struct small l, int m, void *n, int o)
{
	return a + b * 2 + c * 3 + d.a * 4 + d.b * 5 + e * 6 + f * 7 + g * 8 + h.a[2] * 9 +
	       i * 10 + j * 11 + k * 12 + l.b[2] * 13 + m * 14 + *(int *)n * 15 + o * 16;
}

noinline int arguments(void)
{
	struct pair pair = { 4, -5 };
	struct large large = { { 0, 0, 9 } };
	int number = 15 * seed;

	EXPECT(1340, many(1, -2, 3, pair, 6, -7, 8, large, 10, 11, 12, (struct small){ 0, { 0, 0, 13 } },
		       14, &number, 16));
	return 0;
}

SEC("socket") int test(void *ctx)
{
	int line = calls();

	line = line ? line : inlined();
	return line ? line : arguments();
}
//~ run == 0
