// `a op= b` computes in the common type, converts to the type of a, evaluates a once.
#include "expect.h"

struct record {
	u8 a;
	s8 b;
	u16 c;
	s32 d;
	u64 e;
};

static u8 global8;
static u64 global64;
static struct record record;
static u32 list[4];

SEC("xdp") int test(void *ctx)
{
	u8 a = U8(200);
	s8 b = S8(100);
	u16 c = U16(60000);
	s16 d = S16(-30000);
	u32 e = U32(0xffffffff);
	s32 f = S32(-1);
	u64 g = U64(0xffffffffffffffff);
	s64 h = S64(-1);
	u32 i = 0, *p = list;

	EXPECT(44, a += 100);
	EXPECT(200, a -= 100);
	EXPECT(144, a *= 2);
	EXPECT(20, a /= 7);
	EXPECT(6, a %= 7);
	EXPECT(192, a <<= 5);
	EXPECT(128, a <<= 1);
	EXPECT(8, a >>= 4);
	EXPECT(15, a |= 7);
	EXPECT(5, a &= 0xf5);
	EXPECT(250, a ^= 0xff);
	EXPECT(251, a -= S8(-1));
	EXPECT(1, a += U64(0x1234567890123406));

	EXPECT(-56, b += 100);
	EXPECT(-28, b >>= 1);
	EXPECT(-112, b <<= 2);
	EXPECT(32, b <<= 1);
	EXPECT(-96, b *= 5);
	EXPECT(-1, b |= 0x5f);
	EXPECT(-2, b ^= 1);
	EXPECT(2, b &= 3);

	EXPECT(54464, c += 60000);
	EXPECT(3404, c >>= 4);
	EXPECT(54464, c <<= 4);
	EXPECT(32768, c &= 0x8000);
	EXPECT(0, c *= 2);
	EXPECT(65535, c -= 1);
	EXPECT(6553, c /= 10);
	EXPECT(5536, d -= 30000);
	EXPECT(-30000, d += 30000);
	EXPECT(-7500, d >>= 2);

	EXPECT(9, e += 10);
	EXPECT(0xfffffff9, e -= 16);
	EXPECT(0xffffff90, e <<= 4);
	EXPECT(0x0ffffff9, e >>= 4);
	EXPECT(0xf0000006, e ^= 0xffffffff);
	EXPECT(0x60000000, e <<= 28);
	EXPECT(0x60000001, e += U64(0x100000001));
	EXPECT(0x60000000, e += S8(-1));
	EXPECT(0x30000000, e /= 2);
	EXPECT(-11, f -= 10);
	EXPECT(-3, f >>= 2);
	EXPECT(-30, f *= 10);
	// Converted to unsigned, divided, converted back.
	EXPECT(2147483633, f /= U32(2));
	EXPECT(0x7ffffff1, f);
	EXPECT(9, g += 10);
	EXPECT(0xfffffffffffffff9, g -= 16);
	EXPECT(0xffffffffffffff90, g <<= 4);
	EXPECT(0x0ffffffffffffff9, g >>= 4);
	EXPECT(0x0fffffff00000000, g &= 0xffffffff00000000);
	EXPECT(0x0fffffffffffffff, g |= 0xffffffff);
	EXPECT(0x0ffffffffffffffe, g += S32(-1));
	EXPECT(0x10000000fffffffd, g += 0xffffffff);
	EXPECT(9, g %= 10);
	EXPECT(-4294967296, h <<= 32);
	EXPECT(-1, h >>= 32);
	EXPECT(4294967294, h += U32(0xffffffff));

	// In memory.
	global8 += U32(300);
	EXPECT(44, global8);
	global8 <<= 3;
	EXPECT(96, global8);
	global64 -= 1;
	EXPECT(0xffffffffffffffff, global64);
	global64 >>= 60;
	EXPECT(15, global64);
	record.a -= 1;
	record.b -= 129;
	record.c ^= 0x1ffff;
	record.d |= S8(-128);
	record.e += record.c;
	EXPECT(255, record.a);
	EXPECT(127, record.b);
	EXPECT(65535, record.c);
	EXPECT(-128, record.d);
	EXPECT(65535, record.e);

	// The left side is evaluated once.
	list[i++] += 5;
	EXPECT(1, i);
	EXPECT(5, list[0]);
	*p++ *= 3;
	EXPECT(15, list[0]);
	EXPECT(1, p - list);
	*p += 2;
	EXPECT(2, list[1]);
	p += 2;
	EXPECT(3, p - list);
	p -= 1;
	*p |= 8;
	EXPECT(8, list[2]);

	// To the right, and with a value.
	a = c = e = 0x12345;
	EXPECT(0x45, a);
	EXPECT(0x2345, c);
	EXPECT(0x12345, e);
	e = a = U32(0x1ff);
	EXPECT(0xff, e);
	e += a += 2;
	EXPECT(1, a);
	EXPECT(0x100, e);
	return 0;
}
//~ run == 0
