// Expressions that must be constants: array sizes, cases, enumerators, bit-fields,
// initialisers of static objects.
#include "expect.h"

#define KIB 1024

enum sizes {
	FIRST = 1 << 3,
	SECOND = FIRST + 1,
	THIRD = SECOND * 2 > 10 ? 100 : 200,
	FOURTH,
	FIFTH = -1,
	SIXTH,
	SEVENTH = sizeof(u64) * 8,
	EIGHTH = (u8)300,
	NINTH = 'a' + 1,
	TENTH = !0 && (1 || 1 / 1),
	ELEVENTH = (int)(3.5 * 2),
	TWELFTH = ~0 & 0xf,
	THIRTEENTH = -7 / 2,
	FOURTEENTH = -7 % 3,
	FIFTEENTH = offset_of(struct { u8 a; u32 b; }, b),
};

struct target {
	u32 a;
	u32 b[4];
};

static u32 array[KIB / 256 + 1];
static u8 matrix[sizeof(u32)][FIRST - 6];
static s64 a = 1ll << 40;
static u32 b = 0xffffffff + 2;
static s32 c = (s8)0x80;
static u64 d = ~0u;
static u64 e = ~0ull >> 4;
static s64 f = -1;
static u8 g = 0x1ff & 0xf0;
static u64 h = sizeof(array) + _Alignof(u64);
static s32 i = 5 > 3 ? -5 : 5;
static u16 j = (u16)-1;
static _Bool k = 0.5;
static s32 l = 2.75;
static u64 m = (u64)1 << 63;
static const s32 n = -2147483647 - 1;

SEC("xdp") int test(void *ctx)
{
	EXPECT(8, FIRST);
	EXPECT(9, SECOND);
	EXPECT(100, THIRD);
	EXPECT(101, FOURTH);
	EXPECT(-1, FIFTH);
	EXPECT(0, SIXTH);
	EXPECT(64, SEVENTH);
	EXPECT(44, EIGHTH);
	EXPECT(98, NINTH);
	EXPECT(1, TENTH);
	EXPECT(7, ELEVENTH);
	EXPECT(15, TWELFTH);
	EXPECT(-3, THIRTEENTH);
	EXPECT(-1, FOURTEENTH);
	EXPECT(4, FIFTEENTH);
	EXPECT(20, sizeof(array));
	EXPECT(8, sizeof(matrix));
	EXPECT(1099511627776, a);
	EXPECT(1, b);
	EXPECT(-128, c);
	EXPECT(0xffffffff, d);
	EXPECT(0x0fffffffffffffff, e);
	EXPECT(-1, f);
	EXPECT(0xf0, g);
	EXPECT(28, h);
	EXPECT(-5, i);
	EXPECT(65535, j);
	EXPECT(1, k);
	EXPECT(2, l);
	EXPECT(0x8000000000000000, m);
	EXPECT(-2147483648ll, n);
	switch (U32(10)) {
	case FIRST + 2:
		break;
	case (u8)267:
	default:
		return __LINE__;
	}
	return 0;
}
//~ run == 0
