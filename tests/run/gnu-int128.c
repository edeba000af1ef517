// 128-bit integers: everything but division.
//@ clang: none: it calls a library to multiply
#include "expect.h"

typedef __int128 s128;
typedef unsigned __int128 u128;

#define WIDE(high, low) (((u128)U64(high) << 64) | U64(low))
#define EXPECT_WIDE(high, low, value)                                                              \
	do {                                                                                       \
		u128 wide_value = (value);                                                         \
		EXPECT(high, (u64)(wide_value >> 64));                                             \
		EXPECT(low, (u64)wide_value);                                                      \
	} while (0)

noinline int sums(void)
{
	EXPECT_WIDE(0x1, 0x0, WIDE(0x0, 0xffffffffffffffff) + WIDE(0x0, 0x1));
	EXPECT_WIDE(0x1, 0x1, WIDE(0x1, 0x0) + WIDE(0x0, 0x1));
	EXPECT_WIDE(0xffffffffffffffff, 0xffffffffffffffff, WIDE(0x0, 0x1) + WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT_WIDE(0x123456789abcdef1, 0xfedcba987654320, WIDE(0x123456789abcdef0, 0xfedcba987654321) + WIDE(0x0, 0xffffffffffffffff));
	EXPECT_WIDE(0x123456789abcdef0, 0xfedcba98765431f, WIDE(0xffffffffffffffff, 0xfffffffffffffffe) + WIDE(0x123456789abcdef0, 0xfedcba987654321));
	return 0;
}

noinline int differences(void)
{
	EXPECT_WIDE(0x0, 0xfffffffffffffffe, WIDE(0x0, 0xffffffffffffffff) - WIDE(0x0, 0x1));
	EXPECT_WIDE(0x0, 0xffffffffffffffff, WIDE(0x1, 0x0) - WIDE(0x0, 0x1));
	EXPECT_WIDE(0x0, 0x3, WIDE(0x0, 0x1) - WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT_WIDE(0x123456789abcdeef, 0xfedcba987654322, WIDE(0x123456789abcdef0, 0xfedcba987654321) - WIDE(0x0, 0xffffffffffffffff));
	EXPECT_WIDE(0xedcba9876543210f, 0xf0123456789abcdd, WIDE(0xffffffffffffffff, 0xfffffffffffffffe) - WIDE(0x123456789abcdef0, 0xfedcba987654321));
	return 0;
}

noinline int products(void)
{
	EXPECT_WIDE(0x0, 0xffffffffffffffff, WIDE(0x0, 0xffffffffffffffff) * WIDE(0x0, 0x1));
	EXPECT_WIDE(0x1, 0x0, WIDE(0x1, 0x0) * WIDE(0x0, 0x1));
	EXPECT_WIDE(0xffffffffffffffff, 0xfffffffffffffffe, WIDE(0x0, 0x1) * WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT_WIDE(0xfdb97530eca86430, 0xf0123456789abcdf, WIDE(0x123456789abcdef0, 0xfedcba987654321) * WIDE(0x0, 0xffffffffffffffff));
	EXPECT_WIDE(0xdb97530eca86421f, 0xe02468acf13579be, WIDE(0xffffffffffffffff, 0xfffffffffffffffe) * WIDE(0x123456789abcdef0, 0xfedcba987654321));
	return 0;
}

noinline int bits(void)
{
	EXPECT_WIDE(0x123456789abcdef0, 0xfedcba987654320, WIDE(0x123456789abcdef0, 0xfedcba987654321) & WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT_WIDE(0xffffffffffffffff, 0xffffffffffffffff, WIDE(0x123456789abcdef0, 0xfedcba987654321) | WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT_WIDE(0xedcba9876543210f, 0xf0123456789abcdf, WIDE(0x123456789abcdef0, 0xfedcba987654321) ^ WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT_WIDE(0xedcba9876543210f, 0xf0123456789abcde, ~WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT_WIDE(0xedcba9876543210f, 0xf0123456789abcdf, -WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT_WIDE(0xffffffffffffffff, 0x0, -WIDE(0x1, 0x0));
	return 0;
}

noinline int unsigned_comparisons(void)
{
	EXPECT(1, WIDE(0x0, 0xffffffffffffffff) < WIDE(0x1, 0x0));
	EXPECT(1, WIDE(0x0, 0xffffffffffffffff) <= WIDE(0x1, 0x0));
	EXPECT(0, WIDE(0x0, 0xffffffffffffffff) > WIDE(0x1, 0x0));
	EXPECT(0, WIDE(0x0, 0xffffffffffffffff) >= WIDE(0x1, 0x0));
	EXPECT(0, WIDE(0x0, 0xffffffffffffffff) == WIDE(0x1, 0x0));
	EXPECT(1, WIDE(0x0, 0xffffffffffffffff) != WIDE(0x1, 0x0));
	EXPECT(0, WIDE(0xffffffffffffffff, 0xfffffffffffffffe) < WIDE(0x0, 0x1));
	EXPECT(0, WIDE(0xffffffffffffffff, 0xfffffffffffffffe) <= WIDE(0x0, 0x1));
	EXPECT(1, WIDE(0xffffffffffffffff, 0xfffffffffffffffe) > WIDE(0x0, 0x1));
	EXPECT(1, WIDE(0xffffffffffffffff, 0xfffffffffffffffe) >= WIDE(0x0, 0x1));
	EXPECT(0, WIDE(0xffffffffffffffff, 0xfffffffffffffffe) == WIDE(0x0, 0x1));
	EXPECT(1, WIDE(0xffffffffffffffff, 0xfffffffffffffffe) != WIDE(0x0, 0x1));
	EXPECT(0, WIDE(0x123456789abcdef0, 0xfedcba987654321) < WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(1, WIDE(0x123456789abcdef0, 0xfedcba987654321) <= WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(0, WIDE(0x123456789abcdef0, 0xfedcba987654321) > WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(1, WIDE(0x123456789abcdef0, 0xfedcba987654321) >= WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(1, WIDE(0x123456789abcdef0, 0xfedcba987654321) == WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(0, WIDE(0x123456789abcdef0, 0xfedcba987654321) != WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(1, WIDE(0x8000000000000000, 0x0) < WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT(1, WIDE(0x8000000000000000, 0x0) <= WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT(0, WIDE(0x8000000000000000, 0x0) > WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT(0, WIDE(0x8000000000000000, 0x0) >= WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT(0, WIDE(0x8000000000000000, 0x0) == WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT(1, WIDE(0x8000000000000000, 0x0) != WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	return 0;
}

noinline int signed_comparisons(void)
{
	EXPECT(1, (s128)WIDE(0x0, 0xffffffffffffffff) < (s128)WIDE(0x1, 0x0));
	EXPECT(1, (s128)WIDE(0x0, 0xffffffffffffffff) <= (s128)WIDE(0x1, 0x0));
	EXPECT(0, (s128)WIDE(0x0, 0xffffffffffffffff) > (s128)WIDE(0x1, 0x0));
	EXPECT(0, (s128)WIDE(0x0, 0xffffffffffffffff) >= (s128)WIDE(0x1, 0x0));
	EXPECT(0, (s128)WIDE(0x0, 0xffffffffffffffff) == (s128)WIDE(0x1, 0x0));
	EXPECT(1, (s128)WIDE(0x0, 0xffffffffffffffff) != (s128)WIDE(0x1, 0x0));
	EXPECT(1, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) < (s128)WIDE(0x0, 0x1));
	EXPECT(1, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) <= (s128)WIDE(0x0, 0x1));
	EXPECT(0, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) > (s128)WIDE(0x0, 0x1));
	EXPECT(0, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) >= (s128)WIDE(0x0, 0x1));
	EXPECT(0, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) == (s128)WIDE(0x0, 0x1));
	EXPECT(1, (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe) != (s128)WIDE(0x0, 0x1));
	EXPECT(0, (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321) < (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(1, (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321) <= (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(0, (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321) > (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(1, (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321) >= (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(1, (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321) == (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(0, (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321) != (s128)WIDE(0x123456789abcdef0, 0xfedcba987654321));
	EXPECT(1, (s128)WIDE(0x8000000000000000, 0x0) < (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT(1, (s128)WIDE(0x8000000000000000, 0x0) <= (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT(0, (s128)WIDE(0x8000000000000000, 0x0) > (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT(0, (s128)WIDE(0x8000000000000000, 0x0) >= (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT(0, (s128)WIDE(0x8000000000000000, 0x0) == (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	EXPECT(1, (s128)WIDE(0x8000000000000000, 0x0) != (s128)WIDE(0xffffffffffffffff, 0xfffffffffffffffe));
	return 0;
}

noinline int conversions(void)
{
	EXPECT_WIDE(0xffffffffffffffff, 0xffffffffffffff80, (s128)S8(-128));
	EXPECT_WIDE(0, 0x80, (s128)U8(128));
	EXPECT_WIDE(0xffffffffffffffff, 0xffffffff80000000, (u128)S32(-0x7fffffff - 1));
	EXPECT_WIDE(0, 0xffffffff, (u128)U32(-1));
	EXPECT_WIDE(0xffffffffffffffff, 0xfffffffffffffffe, (u128)S64(-2));
	EXPECT_WIDE(0, 0xfffffffffffffffe, (u128)U64(-2));
	EXPECT_WIDE(0, 1, (u128)BOOL(1));
	EXPECT(1, (_Bool)WIDE(1, 0));
	EXPECT(0, (_Bool)WIDE(0, 0));
	EXPECT(0x21, (u8)WIDE(1, 0x4321));
	EXPECT(-1, (s32)WIDE(0, 0xffffffff));
	EXPECT(0, !WIDE(1, 0));
	EXPECT(1, !WIDE(0, 0));
	return 0;
}

noinline int conditions(void)
{
	EXPECT(2, WIDE(1, 0) ? 2 : 3);
	EXPECT(3, WIDE(0, 0) ? 2 : 3);
	EXPECT(1, WIDE(1, 0) && WIDE(0, 1));
	EXPECT(0, WIDE(0, 0) || WIDE(0, 0));
	EXPECT_WIDE(5, 6, U32(1) ? WIDE(5, 6) : WIDE(7, 8));
	EXPECT_WIDE(7, 8, U32(0) ? WIDE(5, 6) : WIDE(7, 8));
	EXPECT_WIDE(0, 9, (U32(0), (u128)U32(9)));
	EXPECT_WIDE(1, 2, ({ u128 inner = WIDE(1, 2); inner; }));
	return 0;
}

noinline int assignments(void)
{
	u128 x = WIDE(1, 0xffffffffffffffff);
	s128 y = -1;
	u32 narrow = 7;

	x += 1;
	EXPECT_WIDE(2, 0, x);
	x -= U32(3);
	EXPECT_WIDE(1, 0xfffffffffffffffd, x);
	x <<= 4;
	EXPECT_WIDE(0x1f, 0xffffffffffffffd0, x);
	x >>= 68;
	EXPECT_WIDE(0, 1, x);
	x |= WIDE(0xf0, 0);
	x &= WIDE(0x30, 0xff);
	x ^= 3;
	EXPECT_WIDE(0x30, 2, x);
	x *= 0x1000000000000001;
	EXPECT_WIDE(0x30, 0x2000000000000002, x);
	EXPECT_WIDE(0x30, 0x2000000000000002, x++);
	EXPECT_WIDE(0x30, 0x2000000000000004, ++x);
	EXPECT_WIDE(0x30, 0x2000000000000004, x--);
	EXPECT_WIDE(0x30, 0x2000000000000002, --x);
	y--;
	EXPECT_WIDE(0xffffffffffffffff, 0xfffffffffffffffe, y);
	EXPECT_WIDE(0xffffffffffffffff, 0xffffffffffffffff, ++y);
	EXPECT_WIDE(0, 0, ++y);
	narrow += WIDE(1, 0xffffffff);
	EXPECT(6, narrow);
	narrow -= (s128)S64(-4);
	EXPECT(10, narrow);
	EXPECT(3, U64(7) >> (u128)U32(1));
	return 0;
}

struct pair {
	char c;
	s128 a;
	u128 b[2];
} __attribute__((aligned(16)));

struct packed {
	char c;
	u128 a;
} __attribute__((packed));

static struct pair global = { 1, -2, { 3, ((u128)4 << 64) | 5 } };
static const u128 constant = ~(u128)0 << 120;
static volatile u128 shared;

noinline int objects(void)
{
	struct pair copy = global, other = { .b = { [1] = WIDE(9, 8) } };
	struct packed packed = { 1, WIDE(2, 3) };
	u128 *p = &copy.b[1];

	EXPECT(64, sizeof(struct pair));
	EXPECT(16, _Alignof(u128));
	EXPECT(16, offset_of(struct pair, a));
	EXPECT(17, sizeof(struct packed));
	EXPECT_WIDE(0xffffffffffffffff, 0xfffffffffffffffe, copy.a);
	EXPECT_WIDE(4, 5, *p);
	*p += copy.b[0];
	EXPECT_WIDE(4, 8, copy.b[1]);
	EXPECT_WIDE(9, 8, other.b[1]);
	EXPECT_WIDE(0, 0, other.a);
	EXPECT_WIDE(2, 3, packed.a);
	EXPECT_WIDE(0xff00000000000000, 0, constant);
	shared = WIDE(6, 7);
	shared++;
	EXPECT_WIDE(6, 8, shared);
	return 0;
}

always_inline u128 multiply_add(u128 a, u64 b, s128 c)
{
	return a * b + c;
}

noinline int calls(void)
{
	EXPECT_WIDE(1, 0xfffffffffffffffd, multiply_add(WIDE(0, 0xffffffffffffffff), 2, S64(-1)));
	EXPECT_WIDE(6, 8, multiply_add(WIDE(2, 3), U32(3), -1));
	return 0;
}

noinline int which(u64 high, u64 low)
{
	switch (((u128)high << 64) | low) {
	case 1:
		return 1;
	case (u128)1 << 70:
		return 2;
	case 10 ... ((u128)1 << 64) + 5:
		return 3;
	default:
		return 4;
	}
}

noinline int switches(void)
{
	EXPECT(1, which(0, 1));
	EXPECT(2, which(64, 0));
	EXPECT(3, which(0, 10));
	EXPECT(3, which(1, 5));
	EXPECT(4, which(1, 6));
	EXPECT(4, which(0, 9));
	return 0;
}

noinline int powers_of_two(void)
{
	EXPECT_WIDE(0, 0x1800000000000000, WIDE(3, 0) / 32);
	EXPECT_WIDE(0, 5, WIDE(3, 37) % 32);
	EXPECT_WIDE(0, 3, WIDE(3, 37) / ((u128)1 << 64));
	return 0;
}

SEC("xdp") int test(void *ctx)
{
	int line;

	if ((line = sums()))
		return line;
	if ((line = differences()))
		return line;
	if ((line = products()))
		return line;
	if ((line = bits()))
		return line;
	if ((line = unsigned_comparisons()))
		return line;
	if ((line = signed_comparisons()))
		return line;
	if ((line = conversions()))
		return line;
	if ((line = conditions()))
		return line;
	if ((line = assignments()))
		return line;
	if ((line = objects()))
		return line;
	if ((line = calls()))
		return line;
	if ((line = switches()))
		return line;
	if ((line = powers_of_two()))
		return line;
	return 0;
}
//~ run == 0
