// Prefix yields the new value, postfix the old one; both wrap in the type of the operand.
#include "expect.h"

struct counters {
	u8 a;
	s8 b;
	u16 c;
	s64 d;
};

static u32 global;
static struct counters counters;
static u32 list[4] = { 1, 2, 3, 4 };

SEC("xdp") int test(void *ctx)
{
	u8 a = U8(254);
	s8 b = S8(-127);
	u16 c = U16(65535);
	u32 e = U32(0);
	s32 f = S32(0);
	u64 g = U64(0xffffffff);
	s64 h = S64(-1);
	u32 *p = list;
	u32 i = 0;
	volatile u32 v = 5;

	EXPECT(254, a++);
	EXPECT(255, a++);
	EXPECT(0, a);
	EXPECT(255, --a);
	EXPECT(255, a--);
	EXPECT(255, ++a);
	EXPECT(0, ++a);
	EXPECT(-128, --b);
	EXPECT(-128, b++);
	EXPECT(-127, b);
	EXPECT(65535, c++);
	EXPECT(0, c);
	EXPECT(65535, --c);
	EXPECT(0, e--);
	EXPECT(0xffffffff, e);
	EXPECT(0, ++e);
	EXPECT(0, f--);
	EXPECT(-1, f);
	EXPECT(-2, --f);
	EXPECT(0x100000000, ++g);
	EXPECT(0x100000000, g--);
	EXPECT(0xffffffff, g);
	EXPECT(-1, h++);
	EXPECT(0, h);
	EXPECT(-1, --h);

	EXPECT(1, *p++);
	EXPECT(2, *p);
	EXPECT(3, *++p);
	EXPECT(3, (*p)++);
	EXPECT(4, *p);
	EXPECT(5, ++*p);
	EXPECT(5, *p--);
	EXPECT(1, *--p);
	EXPECT(1, p == list);
	EXPECT(5, list[2]);

	EXPECT(0, global++);
	EXPECT(2, ++global);
	EXPECT(0, counters.a--);
	EXPECT(255, counters.a);
	EXPECT(-1, --counters.b);
	EXPECT(1, ++counters.c);
	EXPECT(-1, --counters.d);
	EXPECT(5, v++);
	EXPECT(6, v);
	EXPECT(7, ++v);

	list[i++] = 50;
	list[i++] = 60;
	EXPECT(2, i);
	EXPECT(50, list[0]);
	EXPECT(60, list[1]);
	// The result has the type of the operand.
	EXPECT(1, sizeof(a++));
	EXPECT(8, sizeof(++h));
	EXPECT(0, (a = U8(255), ++a));
	EXPECT(256, (a = U8(255), a++ + 1));
	return 0;
}
//~ run == 0
