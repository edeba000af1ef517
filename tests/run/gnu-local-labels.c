// GNU: labels that belong to a block, so that a macro with a label can be used twice.
#include "expect.h"

#define FIRST_ABOVE(limit) ({				\
	__label__ found;				\
	u32 at = 0;					\
	for (; at < 4; at++)				\
		if (table[at] > (limit))		\
			goto found;			\
	at = 100;					\
found:							\
	at;						\
})

static u32 table[4] = { 1, 5, 9, 13 };

static u32 nested(u32 x)
{
	{
		__label__ out, again;

		if (x == 1)
			goto out;
		{
			__label__ out;

			if (x == 2)
				goto out;
			x += 10;
		out:
			x += 100;
		}
		x += 1000;
	out:
		x += 10000;
		goto again;
	again:
		;
	}
	goto out;
out:
	return x;
}

SEC("xdp") int test(void *ctx)
{
	EXPECT(2, FIRST_ABOVE(0) + FIRST_ABOVE(5));
	EXPECT(100, FIRST_ABOVE(20));
	EXPECT(10001, nested(1));
	EXPECT(11102, nested(2));
	EXPECT(11113, nested(3));
	return 0;
}
//~ run == 0
