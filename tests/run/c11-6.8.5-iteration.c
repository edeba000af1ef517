// Loops: all three, with break and continue, nested, unrolled and not.
//@ kernel: v3 // before, loops over unknown bounds are too complex for its verifier
#include "expect.h"

static u32 data[8] = { 5, 3, 8, 1, 9, 2, 7, 4 };

noinline u32 sum_to(u32 n)
{
	u32 sum = 0;

	for (u32 i = 1; i <= 20; i++) {
		if (i > n)
			break;
		sum += i;
	}
	return sum;
}

noinline u32 evens(u32 n)
{
	u32 sum = 0, i = 0;

	while (i < 20) {
		i++;
		if (i & 1)
			continue;
		if (i > n)
			break;
		sum += i;
	}
	return sum;
}

noinline u32 digits(u32 x)
{
	u32 n = 0;

	do {
		n++;
		x /= 10;
	} while (x && n < 10);
	return n;
}

noinline u32 do_continue(u32 limit)
{
	u32 i = 0, n = 0;

	do {
		i++;
		if (i == 2)
			continue;
		n += i;
	} while (i < limit && i < 8);
	return n;
}

noinline u32 maximum(void)
{
	u32 most = 0;

#pragma unroll
	for (int i = 0; i < 8; i++)
		if (data[i] > most)
			most = data[i];
	return most;
}

noinline u32 partial(u32 n)
{
	u32 sum = 0;

#pragma unroll 4
	for (u32 i = 0; i < 8; i++)
		if (i < n)
			sum += data[i];
	return sum;
}

noinline u32 kept(u32 n)
{
	u32 sum = 0;

#pragma clang loop unroll(disable)
	for (u32 i = 0; i < 8; i++)
		sum += data[i] * (i < n);
	return sum;
}

noinline u32 table(u32 n)
{
	u32 sum = 0;

	for (u32 i = 0; i < 5; i++) {
		for (u32 j = 0; j < 5; j++) {
			if (j > i)
				break;
			if (i == n)
				continue;
			sum += i * 10 + j;
		}
	}
	return sum;
}

noinline u32 backwards(void)
{
	u32 value = 0;

	for (s32 i = 7; i >= 0; i--)
		value = value * 10 + data[i];
	return value;
}

noinline u32 search(u32 wanted)
{
	u32 i;

	for (i = 0; i < 8; i++)
		if (data[i] == wanted)
			break;
	return i;
}

noinline u32 endless(u32 n)
{
	u32 i = 0;

	for (;;) {
		if (i >= n || i >= 10)
			return i;
		i += 3;
	}
}

noinline u32 sorted(void)
{
	u32 v[8], order = 0;

	__builtin_memcpy(v, data, sizeof(v));
#pragma unroll
	for (int i = 0; i < 8; i++) {
#pragma unroll
		for (int j = 0; j < 7; j++) {
			if (v[j] > v[j + 1]) {
				u32 swap = v[j];

				v[j] = v[j + 1];
				v[j + 1] = swap;
			}
		}
	}
	for (int i = 0; i < 8; i++)
		order = order * 10 + v[i];
	return order;
}

SEC("xdp") int test(void *ctx)
{
	u32 i, j, n = 0;

	EXPECT(55, sum_to(U32(10)));
	EXPECT(210, sum_to(U32(50)));
	EXPECT(0, sum_to(U32(0)));
	EXPECT(30, evens(U32(10)));
	EXPECT(110, evens(U32(20)));
	EXPECT(1, digits(U32(0)));
	EXPECT(1, digits(U32(9)));
	EXPECT(5, digits(U32(12345)));
	EXPECT(10, digits(U32(4294967295)));
	EXPECT(1, do_continue(U32(1)));
	EXPECT(1, do_continue(U32(2)));
	EXPECT(8, do_continue(U32(4)));
	EXPECT(9, maximum());
	EXPECT(16, partial(U32(3)));
	EXPECT(39, partial(U32(9)));
	EXPECT(16, kept(U32(3)));
	EXPECT(0 + 21 + 63 + 126 + 210, table(U32(9)));
	EXPECT(0 + 21 + 126 + 210, table(U32(2)));
	EXPECT(47291835 + 0, backwards());
	EXPECT(3, search(U32(1)));
	EXPECT(8, search(U32(6)));
	EXPECT(6, endless(U32(5)));
	EXPECT(12, endless(U32(50)));
	EXPECT(12345789, sorted());

	for (i = 0, j = 8; i < j; ++i, --j)
		n += j - i;
	EXPECT(20, n);
	EXPECT(4, i);
	while (n-- > 15)
		;
	EXPECT(14, n);
	do
		n += 2;
	while (n < 20);
	EXPECT(20, n);
	for (; n < 25; n++)
		;
	EXPECT(25, n);
	while (0)
		return __LINE__;
	do
		n = 1;
	while (0);
	EXPECT(1, n);
	for (u8 k = 250; k; k++)
		n++;
	EXPECT(7, n);
	for (s64 k = 3; k > -3; k -= 2)
		n += k;
	EXPECT(7 + 3 + 1 - 1, n);
	return 0;
}
//~ run == 0
