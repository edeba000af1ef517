// ({ ... }): its value is that of the last statement.
#include "expect.h"

struct point {
	u32 x, y;
};

#define max(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) a_ = (a);                                                            \
		__typeof__(b) b_ = (b);                                                            \
		a_ > b_ ? a_ : b_;                                                                 \
	})

noinline u32 returns(u32 x)
{
	u32 y = ({
		if (x > 5)
			return 100;
		x + 1;
	});

	return y * 2;
}

noinline u32 loops(u32 n)
{
	u32 sum = 0;

	for (u32 i = 0; i < 10; i++)
		sum += ({
			if (i == 2)
				continue;
			if (i >= n)
				break;
			i;
		});
	return sum;
}

SEC("xdp") int test(void *ctx)
{
	u32 a = 3, n = 0;
	struct point p;

	EXPECT(5, ({ 5; }));
	EXPECT(7, ({
		u32 b = U32(3);
		u32 c = 4;

		b + c;
	}));
	EXPECT(3, ({
		u32 a = 9;

		a = 10;
		(void)a;
		3;
	}));
	EXPECT(3, a);
	EXPECT(9, max(U32(9), U32(8)));
	EXPECT(10, max(max(U32(1), U32(10)), max(U32(3), U32(2))));
	EXPECT(-1, max(S32(-1), S32(-2)));
	n = 5;
	EXPECT(6, max(n++, U32(0)) + 1);
	EXPECT(6, n);
	p = ({
		struct point q = { U32(1), 2 };

		q.y++;
		q;
	});
	EXPECT(3, p.y);
	EXPECT(1, ({ p; }).x);
	({ n = 50; });
	EXPECT(50, n);
	(void)({
		if (n)
			n = 51;
	});
	EXPECT(51, n);
	EXPECT(12, returns(U32(5)));
	EXPECT(100, returns(U32(6)));
	EXPECT(0 + 1 + 3 + 4, loops(U32(5)));
	EXPECT(43, loops(U32(50)));
	EXPECT(1, ({
		u32 found = 0;

		for (u32 i = 0; i < 4; i++)
			if (i == U32(3))
				found = 1;
		found;
	}));
	EXPECT(4, ({
		u32 r;

		switch (U32(2)) {
		case 2:
			r = 4;
			break;
		default:
			r = 5;
		}
		r;
	}));
	EXPECT(1, sizeof(({ (u8)1; })));
	EXPECT(21, ({ ({ ({ U32(20); }) + 1; }); }));
	return 0;
}
//~ run == 0
