// `asm goto`, and labels that belong to a block.
//@ cpu: v3
//@ gcc: none: this is assembly of BPF
#include "expect.h"

// As `bpf_cmp_likely` of the kernel's headers.
#define IS(lhs, op, rhs)                                                                           \
	({                                                                                         \
		__label__ yes;                                                                     \
		_Bool is = 1;                                                                      \
		asm volatile goto("if %[l] " #op " %[r] goto %l[yes]"                              \
				  : : [l] "r"(lhs), [r] "ri"(rhs) : : yes);                        \
		is = 0;                                                                            \
yes:                                                                                               \
		is;                                                                                \
	})

noinline int which(u64 x)
{
	asm goto("if %0 == 1 goto %l[one]; if %0 == 2 goto %l2; if %0 > 2 goto %l[many]"
		 : : "r"(x) : : one, two, many);
	return 4;
one:
	return 1;
two:
	return 2;
many:
	return 3;
}

noinline int maybe(u64 x)
{
	asm goto("if %0 > 5 goto %l[big]" : : "r"(x) : : big);
	return 0;
big:
	return 1;
}

// The outputs have their values on every way out.
noinline u64 outputs(u64 x)
{
	u64 a = 1, b = 2;

	asm goto("%[a] = %[x]; %[b] += %[x]; if %[x] == 7 goto %l[seven]; if %[x] == 8 goto %l[eight]"
		 : [a] "=&r"(a), [b] "+r"(b) : [x] "r"(x) : "r1", "r2" : seven, eight);
	return a * 100 + b;
seven:
	return 7000 + a * 100 + b;
eight:
	return 8000 + a * 100 + b;
}

noinline u64 loop(u64 n)
{
	u64 sum = 0;

	for (int i = 0; i < 10; i++) {
		asm goto("if %[i] >= %[n] goto %l[out]" : : [i] "r"(i), [n] "r"(n) : : out);
		sum += i;
	}
out:
	return sum;
}

static int nested(int x)
{
	int n = 0;
	{
		__label__ end;

		if (x == 1)
			goto end;
		n += 10;
end:
		n += 1;
	}
	if (x == 2)
		goto end;
	n += 100;
end:
	return n;
}

SEC("xdp") int test(void *ctx)
{
	EXPECT(1, which(U64(1)));
	EXPECT(2, which(U64(2)));
	EXPECT(3, which(U64(3)));
	EXPECT(4, which(U64(0)));
	EXPECT(0, maybe(U64(5)));
	EXPECT(1, maybe(U64(6)));
	EXPECT(507, outputs(U64(5)));
	EXPECT(7709, outputs(U64(7)));
	EXPECT(8810, outputs(U64(8)));
	EXPECT(6, loop(U64(4)));
	EXPECT(45, loop(U64(40)));
	EXPECT(1, IS(U64(4), >, 3));
	EXPECT(0, IS(U64(4), <, 3));
	EXPECT(1, IS(S64(-4), s<, U64(0)));
	EXPECT(1, IS(U32(4), ==, 4) && IS(U32(5), !=, 4));
	EXPECT(101, nested(1));
	EXPECT(11, nested(2));
	EXPECT(111, nested(3));
	return 0;
}
//~ run == 0
