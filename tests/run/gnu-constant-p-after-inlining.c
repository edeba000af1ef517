// What inlining and optimisation make constant: sizes, `__builtin_constant_p`.
#include "expect.h"

always_inline int kind(u64 n)
{
	return __builtin_constant_p(n) ? 1 : 2;
}

always_inline int sum_kind(int a, int b)
{
	if (__builtin_constant_p(a + b) && a + b == 7)
		return a + b;
	return -1;
}

// Without optimisation, compilers differ: they see only what is a constant as it stands.
noinline int constants(void)
{
	int known = kind(8), unknown = kind(U32(8));

	EXPECT(1, known == 1 || known == 2);
	EXPECT(2, unknown);
	known = sum_kind(3, 4);
	EXPECT(1, known == 7 || known == -1);
	EXPECT(-1, sum_kind(3, U32(4)));
	EXPECT(1, __builtin_constant_p(3 + 4));
	EXPECT(0, __builtin_constant_p(U32(4)));
	return 0;
}

noinline int constant_contexts(u32 n)
{
	static const int no = 0;

	EXPECT(4, __builtin_choose_expr(__builtin_constant_p(n), 3, 4));
	return no;
}

always_inline int compare(const void *a, const void *b, u32 n)
{
	return __builtin_memcmp(a, b, n);
}

always_inline int sign(int n)
{
	return n < 0 ? -1 : n > 0;
}

noinline int comparisons(void)
{
	u8 a[24], b[24];

	for (u32 i = 0; i < sizeof(a); i++) {
		a[i] = U8(i);
		b[i] = U8(i);
	}
	EXPECT(0, compare(a, b, sizeof(a)));
	b[20] = U8(3);
	EXPECT(0, compare(a, b, 20));
	EXPECT(0, compare(a, b, 0));
	EXPECT(1, sign(compare(a, b, 21)));
	EXPECT(-1, sign(compare(b, a, 24)));
	return 0;
}

SEC("socket") int test(void *ctx)
{
	int line;

	if ((line = constants()) || (line = constant_contexts(3)))
		return line;
	return comparisons();
}
//~ run == 0
