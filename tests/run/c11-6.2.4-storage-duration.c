// Static objects start as they are written and last; automatic ones do not.
#include "expect.h"

static u32 zeroed;
static u32 set = 42;
static const u32 constant = 7;
u32 external = 5;
u32 tentative;
u32 tentative;
const volatile u32 configured = 11;
volatile u32 shared = 3;
static u64 wide = 0x123456789abcdef0;
static u8 bytes[5] = { 1, 2, 3 };
static s16 negative[3] = { -1, -2, -3 };
static struct {
	u8 a;
	u32 b;
	u64 c[2];
} structure = { 1, 2, { 3, 4 } };
static const struct {
	u16 key;
	u16 value;
} table[] = { { 1, 10 }, { 2, 20 }, { 3, 30 } };

noinline u32 tick(void)
{
	static u32 n;

	return ++n;
}

noinline u32 tock(void)
{
	static u32 n = 100;

	n += 10;
	return n;
}

noinline u32 nested(u32 which)
{
	if (which) {
		static u32 state = 1;

		return state *= 2;
	} else {
		static u32 state = 5;

		return state += 5;
	}
}

noinline u32 find(u32 key)
{
	for (u32 i = 0; i < n_elements(table); i++)
		if (table[i].key == key)
			return table[i].value;
	return 0;
}

SEC("xdp") int test(void *ctx)
{
	static const u8 local_table[4] = { 9, 8, 7, 6 };
	static u32 local = 1;
	u32 i = U32(2);

	EXPECT(0, zeroed);
	EXPECT(42, set);
	EXPECT(7, constant);
	EXPECT(5, external);
	EXPECT(0, tentative);
	EXPECT(11, configured);
	EXPECT(3, shared);
	EXPECT(0x123456789abcdef0, wide);
	EXPECT(3, bytes[2]);
	EXPECT(0, bytes[3]);
	EXPECT(-3, negative[2]);
	EXPECT(4, structure.c[1]);

	zeroed = U32(1);
	set++;
	external *= 2;
	tentative = 9;
	shared += configured;
	wide ^= 0xf;
	structure.b += 100;
	EXPECT(1, zeroed);
	EXPECT(43, set);
	EXPECT(10, external);
	EXPECT(9, tentative);
	EXPECT(14, shared);
	EXPECT(0x123456789abcdeff, wide);
	EXPECT(102, structure.b);
	EXPECT(1, structure.a);

	EXPECT(1, tick());
	EXPECT(2, tick());
	EXPECT(3, tick());
	EXPECT(110, tock());
	EXPECT(120, tock());
	EXPECT(2, nested(U32(1)));
	EXPECT(10, nested(U32(0)));
	EXPECT(4, nested(U32(1)));
	EXPECT(15, nested(U32(0)));
	EXPECT(20, find(U32(2)));
	EXPECT(30, find(U32(3)));
	EXPECT(0, find(U32(4)));
	local += i;
	EXPECT(3, local);
	if (i < 4) {
		EXPECT(7, local_table[i]);
		EXPECT(3, bytes[i]);
		bytes[i] = 33;
	}
	EXPECT(33, bytes[2]);
	return 0;
}
//~ run == 0
