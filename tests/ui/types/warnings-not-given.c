// Code that looks odd and is meant: no warning, as in clang.
//@ flags: -Wall -Wextra -Wno-unused-parameter

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
struct tail { int n; int data[1]; };
enum kind { ONE, TWO };

static inline int helper(int a) { return a; } //~ W0305: `helper`
static int twice(int a) { return 2 * a; }

int parentheses(int a, int b)
{
	int c;

	if ((c = a))
		return c;
	while ((c = b--) != 0)
		a += c;
	if ((a & 1) == b || (a && b))
		return !(a == b);
	return !a == !b;
}

int constants(u64 x, int a)
{
	u64 y = sizeof(long) == 4 ? x << 70 : x;
	int big[4] = { 1, 2, 3, 4 };
	int *end = &big[4];

	if (0)
		y = x / 0;
	return (int)(1 << 31) + (end > big) + (int)y + twice(a);
}

int trailing(struct tail *t) { return t->data[3]; }

int signs(u8 small, u32 large, int a)
{
	if (small < a && (a & 0xff) < large && 5 < large)
		return 1;
	return large == small;
}

int cases(enum kind kind, int a)
{
	switch (kind) {
	case ONE:
		a++;
	case TWO:
		break;
	}
	switch (kind) {
	case ONE:
		return a;
	default:
		return 0;
	}
}

void values(int a, int *p, volatile int *v)
{
	(void)a;
	*v;
	a ? (*p)++ : (*p)--;
	({ a; });
	for (;;)
		;
}

int labels(int a)
{
	int unused_but_meant __attribute__((unused));

	if (a)
		goto out;
	a++;
out:
	return a;
}
