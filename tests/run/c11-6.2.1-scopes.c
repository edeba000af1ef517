// Names of blocks hide those around; tags, labels and members have spaces of their own.
#include "expect.h"

typedef u32 number;
static u32 x = 1;
static u32 same = 3;

struct same {
	u32 same;
};

noinline u32 shadow(u32 x)
{
	{
		u32 x = 50;

		x++;
	}
	return x;
}

noinline u32 function_of(struct same *same)
{
	return same->same;
}

SEC("xdp") int test(void *ctx)
{
	u32 outer = x;
	struct same tagged = { 9 };
	u32 x = U32(2);
	number number = 8;

	EXPECT(1, outer);
	EXPECT(2, x);
	{
		u32 x = 3;

		EXPECT(3, x);
		{
			u32 y = x, x = 4;

			EXPECT(3, y);
			EXPECT(4, x);
		}
		EXPECT(3, x);
	}
	EXPECT(2, x);
	EXPECT(7, shadow(U32(7)));
	for (u32 x = 0; x < 2; x++) {
		u32 x = 77;

		EXPECT(77, x);
	}
	EXPECT(2, x);
	EXPECT(8, number);
	EXPECT(3, same);
	EXPECT(9, tagged.same);
	EXPECT(9, function_of(&tagged));
	if (x)
		goto same;
	return __LINE__;
same:
	{
		typedef u8 number;
		struct same {
			u8 other;
		};
		enum { X = 5 };

		EXPECT(1, sizeof(number));
		EXPECT(1, sizeof(struct same));
		EXPECT(5, X);
	}
	EXPECT(4, sizeof(struct same));
	{
		u32 sum = 0;

		for (u32 i = 0; i < 3; i++) {
			u32 fresh = 10;

			fresh += i;
			sum += fresh;
		}
		EXPECT(33, sum);
	}
	return 0;
}
//~ run == 0
