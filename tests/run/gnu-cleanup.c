// Functions that are called when variables leave their scope.
#include "expect.h"

static int n_calls;
static u64 order;

static void leave(int *value)
{
	n_calls++;
	order = order * 10 + *value;
}

static void leave_any(void *value)
{
	order = order * 10 + *(u8 *)value;
}

#define LEAVE __attribute__((cleanup(leave)))

noinline int falls_out(int seed)
{
	int first LEAVE = 1;
	int second LEAVE = 2;
	u8 third __attribute__((__cleanup__(leave_any))) = 3;

	first += seed;
	return first * 100 + second * 10 + third;
}

noinline int returns_early(int seed)
{
	int a LEAVE = 1;

	if (seed > 5) {
		int b LEAVE = 2;

		if (seed > 10)
			return a + b + seed;
		b = 3;
	}
	a = 4;
	return a;
}

noinline int loops(int seed)
{
	int sum = 0;

	for (int i = 0; i < 4; i++) {
		int a LEAVE = i + 1;

		if (i == seed)
			continue;
		if (i == seed + 1) {
			int b LEAVE = 7;
			break;
		}
		sum += a;
	}
	return sum;
}

noinline int jumps(int seed)
{
	int outer LEAVE = 9;
	{
		int a LEAVE = 1;
		{
			int b LEAVE = 2;

			if (seed == 1)
				goto inside;
			if (seed == 2)
				goto out;
			b = 5;
		}
		a = 6;
inside:
		a++;
	}
out:
	return outer;
}

noinline int chooses(int seed)
{
	switch (seed) {
	case 1: {
		int a LEAVE = 1;
		break;
	}
	case 2: {
		int a LEAVE = 2;
		return 5;
	}
	}
	return 6;
}

noinline int in_expressions(int seed)
{
	int value = ({
		int a LEAVE = seed;
		a + 1;
	});

	for (int i LEAVE = 0; i < 3; i++)
		value += i;
	return value;
}

noinline int inside_a_return(int seed)
{
	int x __attribute__((cleanup(leave))) = seed;
	return x++;
}

#define CHECK(expected, expected_order, call)                                                      \
	do {                                                                                       \
		order = 0;                                                                         \
		EXPECT(expected, call);                                                            \
		EXPECT(expected_order, order);                                                     \
	} while (0)

SEC("xdp") int test(void *ctx)
{
	CHECK(523, 325, falls_out(S32(4)));
	CHECK(4, 4, returns_early(S32(3)));
	CHECK(4, 34, returns_early(S32(6)));
	CHECK(14, 21, returns_early(S32(11)));
	CHECK(1, 1273, loops(S32(1)));
	CHECK(10, 1234, loops(S32(9)));
	CHECK(9, 229, jumps(S32(1)));
	CHECK(9, 219, jumps(S32(2)));
	CHECK(9, 579, jumps(S32(3)));
	CHECK(6, 1, chooses(S32(1)));
	CHECK(5, 2, chooses(S32(2)));
	CHECK(8, 43, in_expressions(S32(4)));
	CHECK(7, 8, inside_a_return(S32(7)));
	EXPECT(1, n_calls > 20);
	return 0;
}
//~ run == 0
