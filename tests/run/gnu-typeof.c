// typeof and __auto_type.
#include "expect.h"

struct s {
	u8 a;
	u64 b[3];
};

typedef typeof(((struct s *)0)->b) element_array;
static typeof(u8) global = 255;
static typeof(global) same = 7;

SEC("xdp") int test(void *ctx)
{
	u16 x = 5;
	const u8 constant = 9;
	typeof(x) y = 65535;
	__typeof__(x) *p = &x;
	typeof(int *) ip;
	typeof(x + 1) promoted = 70000;
	typeof(*p) z = 3;
	typeof(u32[4]) list = { 1, 2, 3, 4 };
	struct s s = { 1, { 2, 3, 4 } };
	typeof(s.b[0]) element = -1;
	typeof(s) other = s;
	__auto_type inferred = U64(0x100000000);
	__auto_type pointer = &s;
	__auto_type small = (u8)300;
	const __auto_type fixed = S32(-4);
	u32 n = 1;
	typeof(n++) untouched = 8;

	EXPECT(2, sizeof(y));
	EXPECT(0, (u16)(y + 1));
	*p = 6;
	EXPECT(6, x);
	EXPECT(8, sizeof(ip));
	EXPECT(70000, promoted);
	EXPECT(2, sizeof(z));
	EXPECT(4, list[3]);
	EXPECT(16, sizeof(list));
	EXPECT(0xffffffffffffffff, element);
	EXPECT(4, other.b[2]);
	EXPECT(0x100000000, inferred);
	EXPECT(8, sizeof(inferred));
	EXPECT(3, pointer->b[1]);
	EXPECT(44, small);
	EXPECT(1, sizeof(small));
	EXPECT(-4, fixed);
	EXPECT(1, n);
	EXPECT(8, untouched);
	EXPECT(24, sizeof(element_array));
	EXPECT(255, global);
	EXPECT(7, same);
	EXPECT(1, sizeof(typeof(constant)));
	EXPECT(1, sizeof(typeof((u8)1)));
	EXPECT(4, sizeof(typeof((u8)1 + (u8)1)));
	{
		u32 x = 1;
		typeof(x) y = 0xffffffff;

		EXPECT(0xffffffff, y);
	}
	return 0;
}
//~ run == 0
