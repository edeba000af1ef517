// Anything that does not equal 0 becomes 1.
#include "expect.h"

struct flags {
	_Bool first;
	u8 raw;
	_Bool second;
};
static _Bool global;
static struct flags flags;

noinline _Bool is_odd(u32 x)
{
	return x & 1;
}

noinline _Bool has_high(u64 x)
{
	return x & 0xff00000000000000;
}

SEC("xdp") int test(void *ctx)
{
	_Bool b;
	char c;

	CAST(1, BOOL, U8, 2);
	CAST(1, BOOL, U8, 128);
	CAST(1, BOOL, S8, -1);
	CAST(1, BOOL, U16, 256);
	CAST(1, BOOL, S16, -32768);
	CAST(1, BOOL, U32, 0x80000000);
	CAST(1, BOOL, S32, 0x100);
	CAST(1, BOOL, U64, 1ull << 32);
	CAST(1, BOOL, U64, 1ull << 63);
	CAST(1, BOOL, S64, -1);
	CAST(0, BOOL, U8, 0);
	CAST(0, BOOL, U16, 0);
	CAST(0, BOOL, S32, 0);
	CAST(0, BOOL, U64, 0);
	CAST(1, S8, BOOL, 2);
	CAST(1, U64, BOOL, 1ull << 40);

	b = U64(0x100000000);
	EXPECT(1, b);
	b = U32(0x10000);
	EXPECT(1, b);
	b = &c;
	EXPECT(1, b);
	global = S32(-5);
	EXPECT(1, global);
	flags.raw = 0xff;
	flags.first = U16(0x4000);
	flags.second = U16(0);
	EXPECT(1, flags.first);
	EXPECT(255, flags.raw);
	EXPECT(0, flags.second);

	EXPECT(1, is_odd(U32(7)));
	EXPECT(0, is_odd(U32(6)));
	EXPECT(1, has_high(U64(1ull << 57)));
	EXPECT(0, has_high(U64(0xff)));
	EXPECT(1, sizeof(_Bool));

	b = 0;
	b |= U32(4);
	EXPECT(1, b);
	b += U32(7);
	EXPECT(1, b);
	b ^= U32(1);
	EXPECT(0, b);
	b = 1;
	b <<= U32(3);
	EXPECT(1, b);
	b -= U32(1);
	EXPECT(0, b);
	b = U32(0);
	b++;
	EXPECT(1, b);
	b++;
	EXPECT(1, b);
	EXPECT(1, !U64(0));
	EXPECT(0, !U64(1ull << 32));
	EXPECT(1, !!U64(1ull << 32));
	EXPECT(0, !!U64(0));
	return 0;
}
//~ run == 0
