// Designators in designators, ranges, overrides, elided braces, static literals.
#include "expect.h"

struct point {
	s32 x, y[4];
};

static struct point ranges[6] = {
	[1 ... 3] = { .y = { [1 ... 2] = 7 } }, [2].x = 4, [5] = { 1, { 2, 3 } }
};
static s32 matrix[2][3] = { [1][2] = 5, [0] = { 1, 2 }, 7 };
static struct {
	struct {
		s32 a, b;
	} inner;
	s32 c[2];
	s32 d;
} elided = { 1, 2, 3, 4, 5 }, mixed = { { 1 }, { 2 }, 3 };
static struct {
	s32 a;
	union {
		s32 b;
		s64 wide;
	};
	struct {
		s16 c, d;
	};
} anonymous = { 1, { 2 }, { 3, 4 } }, named = { .wide = -4, .d = 5 };
static struct flexible {
	s32 n;
	struct {
		s8 c;
		s16 s;
	} items[];
} flexible = { 2, { { 'a', 2 }, { 'b', 3 } } };
static struct text {
	s32 n;
	char text[];
} text = { 5, "hello" };
static char exact[3] = "abc", words[2][4] = { "ab", "cd" };
static const s32 wide[] = L"a\u00e9\U0001F600";
static const u16 pairs[] = u"\U0001F600";

noinline int statics(void)
{
	EXPECT(0, ranges[0].x);
	EXPECT(7, ranges[1].y[2]);
	EXPECT(0, ranges[1].y[0]);
	EXPECT(4, ranges[2].x);
	EXPECT(7, ranges[3].y[1]);
	EXPECT(0, ranges[4].y[1]);
	EXPECT(3, ranges[5].y[1]);
	EXPECT(2, matrix[0][1]);
	EXPECT(7, matrix[1][0]);
	EXPECT(5, matrix[1][2]);
	EXPECT(2, elided.inner.b);
	EXPECT(5, elided.d);
	EXPECT(0, mixed.inner.b);
	EXPECT(2, mixed.c[0]);
	EXPECT(3, mixed.d);
	EXPECT(2, anonymous.b);
	EXPECT(4, anonymous.d);
	EXPECT(-4, named.wide);
	EXPECT(5, named.d);
	return 0;
}

noinline int literals(void)
{
	EXPECT(4, sizeof(flexible));
	EXPECT(3, flexible.items[1].s);
	EXPECT('o', text.text[4]);
	EXPECT(3, sizeof(exact));
	EXPECT('c', exact[2]);
	EXPECT('d', words[1][1]);
	EXPECT(0, words[0][2]);
	EXPECT(16, sizeof(wide));
	EXPECT(0x1f600, wide[2]);
	EXPECT(0xd83d, pairs[0]);
	EXPECT(0xde00, pairs[1]);
	return 0;
}

noinline int locals(u32 n)
{
	struct point point = { .y = { [1 ... 2] = n, [2] = n + 1 }, .x = n };
	s32 all[4] = { [0 ... 3] = n };
	struct point copy = { point.x, { point.y[1] } };

	EXPECT(n, point.y[1]);
	EXPECT(n + 1, point.y[2]);
	EXPECT(0, point.y[3]);
	EXPECT(n, all[3]);
	EXPECT(n, copy.y[0]);
	EXPECT(0, copy.y[1]);
	return 0;
}

static int counts(void)
{
	static int n = 3;
	{
		static int n = 40;
		n++;
		if (n == 42)
			return n;
	}
	return n++;
}

SEC("xdp") int test(void *ctx)
{
	int line;

	if ((line = statics()))
		return line;
	if ((line = literals()))
		return line;
	if ((line = locals(U32(6))))
		return line;
	EXPECT(3, counts());
	EXPECT(42, counts());
	EXPECT(4, counts());
	return 0;
}
//~ run == 0
