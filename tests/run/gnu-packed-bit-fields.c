// Packed bit-fields that no aligned access contains, up to 64 bits that span nine bytes.
#include "expect.h"

struct nine {
	u8 a : 5;
	u64 wide : 64;
	s64 s : 62;
	u8 b : 3;
} __attribute__((packed));
struct eight {
	u8 a : 7;
	s64 s : 57;
	u32 c : 31;
	s32 d : 9;
	u16 e : 16;
} __attribute__((packed));

static struct nine global = { 21, 0x123456789abcdef0, -5, 6 };

noinline void set(struct nine *n, u64 wide, s64 s)
{
	n->wide = wide;
	n->s = s;
}

SEC("xdp") int test(void *ctx)
{
	struct nine n = { 21, ~0ull, -1, 5 };
	struct eight e = { 100, -(1ll << 56), 0x7fffffff, -256, 0xabcd };

	EXPECT(17, sizeof(struct nine));
	EXPECT(15, sizeof(struct eight));
	EXPECT(21, global.a);
	EXPECT(0x123456789abcdef0, global.wide);
	EXPECT(-5, global.s);
	EXPECT(6, global.b);
	EXPECT(-1, (s64)n.wide);
	EXPECT(-1, n.s);
	set(&n, U64(0x8000000000000001), S64(-0x2000000000000000));
	EXPECT(21, n.a);
	EXPECT(0x8000000000000001, (u64)n.wide);
	EXPECT(-0x2000000000000000, n.s);
	EXPECT(5, n.b);
	n.wide += U64(0x7fffffffffffffff);
	n.s += 3;
	EXPECT(0, (u64)n.wide);
	EXPECT(-0x1ffffffffffffffd, n.s);
	EXPECT(21 + 5, n.a + n.b);
	EXPECT(100, e.a);
	EXPECT(-(1ll << 56), e.s);
	EXPECT(0x7fffffff, e.c);
	EXPECT(-256, e.d);
	EXPECT(0xabcd, e.e);
	e.s = S64(77);
	e.d = S32(255);
	EXPECT(100 + 77 + 255, e.a + e.s + e.d);
	EXPECT(0x7fffffff, e.c);
	e.e ^= U16(0xffff);
	EXPECT(0x5432, e.e);
	return 0;
}
//~ run == 0
