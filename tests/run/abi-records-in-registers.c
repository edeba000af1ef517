// Records of up to 16 bytes as parameters take one or two registers, whether a call remains or not.
#include "expect.h"

struct one { u8 a; };
struct three { u8 a[3]; };
struct four { u16 a; s16 b; };
struct five { u32 a; u8 b; } __attribute__((packed));
struct eight { u32 a; s32 b; };
struct nine { u8 a[9]; };
struct twelve { u32 a, b; s32 c; };
struct bits { u64 a : 20, b : 30, c : 14; u32 d : 7; };
struct sixteen { u64 a; s64 b; };
struct counted { const u8 *text; u32 len; };
union either { u64 whole; struct four parts; };
struct nothing { };

#define CALLEES(how, name)                                                                         \
	how int name##_one(struct one x) { return x.a; }                                           \
	how int name##_three(struct three x) { return x.a[0] + 10 * x.a[1] + 100 * x.a[2]; }       \
	how int name##_four(int first, struct four x) { return first + x.a * x.b; }                \
	how s64 name##_five(struct five x, u8 y) { return (u64)x.a * 1000 + x.b - y; }             \
	how s64 name##_eight(struct eight x) { x.b--; return x.a + (s64)x.b; }                     \
	how int name##_nine(struct nine x) { return x.a[8] * 10 + x.a[0]; }                        \
	how s64 name##_twelve(int a, struct twelve x, int b, int c)                                \
	{                                                                                          \
		return a + 10 * b + 100 * c + 1000 * (s64)x.c + 10000 * x.a + 100000 * (u64)x.b;   \
	}                                                                                          \
	how u64 name##_bits(struct bits x) { return (u64)x.a + (u64)x.b * 3 + x.c * 5 + x.d * 7; }           \
	how s64 name##_sixteen(struct sixteen x, struct sixteen y, u8 z)                           \
	{                                                                                          \
		return x.a - y.b + 2 * y.a + 3 * x.b + z;                                          \
	}                                                                                          \
	how u64 name##_counted(struct counted x)                                                   \
	{                                                                                          \
		u64 sum = 0;                                                                       \
		for (u32 i = 0; i < x.len && i < 8; i++)                                           \
			sum = sum * 10 + x.text[i];                                                \
		return sum;                                                                        \
	}                                                                                          \
	how int name##_either(union either x) { return x.parts.a + x.parts.b; }                    \
	how int name##_nothing(int a, struct nothing x, int b) { return a - b + sizeof(x); }

CALLEES(noinline, called)
CALLEES(always_inline, inlined)

static u64 seed = 1;

#define CALLS(name)                                                                                \
	do {                                                                                       \
		struct one one = { 200 + seed };                                                   \
		struct three three = { { 1, 2, 2 + seed } };                                       \
		struct four four = { 500, -2 * seed };                                             \
		struct five five = { 0xffffffff, 6 + seed };                                       \
		struct eight eight = { 0xfffffff0, -5 * seed };                                    \
		struct nine nine = { { 1, 0, 0, 0, 0, 0, 0, 0, 7 * seed } };                       \
		struct twelve twelve = { 7, 9, -3 * seed };                                        \
		struct bits bits = { 0xfffff, 0x3fffffff, 0x3fff * seed, 0x7f };                   \
		struct sixteen sixteen = { 100, -7 * seed }, other = { 5, 11 };                    \
		u8 text[] = { 1, 2, 3, 4 };                                                        \
		struct counted counted = { text, 3 * seed };                                       \
		union either either = { .parts = { 40, 2 * seed } };                               \
		struct nothing nothing = { };                                                      \
                                                                                                   \
		EXPECT(201, name##_one(one));                                                      \
		EXPECT(321, name##_three(three));                                                  \
		EXPECT(-999, name##_four(1, four));                                                \
		EXPECT(4294967294998LL, name##_five(five, 9));                                      \
		EXPECT(4294967274LL, name##_eight(eight));                                         \
		EXPECT(-5, eight.b);                                                               \
		EXPECT(71, name##_nine(nine));                                                     \
		EXPECT(967321 , name##_twelve(1, twelve, 2, 3));                                   \
		EXPECT(3222356848LL, name##_bits(bits));                                             \
		EXPECT(80, name##_sixteen(sixteen, other, 2));                                     \
		EXPECT(123, name##_counted(counted));                                              \
		EXPECT(42, name##_either(either));                                                 \
		EXPECT(-1, name##_nothing(1, nothing, 2));                                         \
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

SEC("socket") int test(void *ctx)
{
	int line = calls();

	return line ? line : inlined();
}
//~ run == 0
