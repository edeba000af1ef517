// What binds to what, and in which direction.
#include "expect.h"

struct s {
	u32 n;
	u32 *p;
	u32 list[3];
};

SEC("xdp") int test(void *ctx)
{
	u32 a = U32(6), b = U32(3), c = U32(2), x[3] = { 10, 20, 30 }, *p = x;
	s32 m = S32(-1);
	struct s s = { 5, x, { 1, 2, 3 } }, *q = &s;

	EXPECT(12, a + b * c);
	EXPECT(18, (a + b) * c);
	EXPECT(1, a - b - c);
	EXPECT(1, a / b / c);
	EXPECT(4, a / b * c);
	EXPECT(2, a % 4 % 3);
	EXPECT(8, a * b % 10);
	EXPECT(24, a << 1 << 1);
	EXPECT(24, a << b - 1);
	EXPECT(18, a + b << c - 1);
	EXPECT(1, a > b == 1);
	EXPECT(0, a > b > c);
	EXPECT(1, a == 6 != 0);
	EXPECT(2, a & b);
	EXPECT(0, a & b == 3);
	EXPECT(7, a | b & 1);
	EXPECT(5, a ^ b);
	EXPECT(4, a & ~b & 0xff);
	EXPECT(7, a | 1 ^ 1 & 3 | 1);
	EXPECT(1, a && b || 0 && c);
	EXPECT(1, !a == 0);
	EXPECT(0, !(a == 6));
	EXPECT(-2, -a + 4 == 0 ? 0 : m - 1);
	EXPECT(-7, ~a + 0 == ~6 ? ~(s32)a : 0);
	EXPECT(9, -m + 8);
	EXPECT(2, - - c);
	EXPECT(4, sizeof(int) + 0);
	EXPECT(5, sizeof(char) + sizeof(int));
	EXPECT(3, sizeof a - 1);
	EXPECT(11, *p + 1);
	EXPECT(20, *(p + 1));
	EXPECT(10, *p++);
	EXPECT(21, ++*p);
	EXPECT(30, *++p);
	EXPECT(1, p[-1] == 21 && p == x + 2);
	EXPECT(10, *q->p);
	EXPECT(21, q->p[1]);
	EXPECT(2, q->list[1]);
	EXPECT(5, (*q).n);
	EXPECT(6, ++q->n);
	EXPECT(6, q->n++);
	EXPECT(7, s.n);
	EXPECT(10, *s.p++);
	EXPECT(21, *s.p);
	EXPECT(1, &q->list[1] - q->list);
	EXPECT(1, (u8)a + b == 9);
	EXPECT(9, (u8)(a + b));
	EXPECT(0, (u8)U32(256) + 0);
	EXPECT(3, a > b ? b : c);
	EXPECT(5, a < b ? b : c + b);
	a = b = c;
	EXPECT(2, a);
	a = b == c;
	EXPECT(1, a);
	a += b -= 1;
	EXPECT(2, a);
	return 0;
}
//~ run == 0
