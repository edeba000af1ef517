// 32- and 64-bit operations side by side: no upper half leaks into the other width.
#include "expect.h"

noinline u64 widen_after(u32 a, u32 b)
{
	return a + b;
}

noinline u64 widen_before(u32 a, u32 b)
{
	return (u64)a + b;
}

noinline s64 signed_after(s32 a, s32 b)
{
	return a - b;
}

noinline u32 high(u64 x)
{
	return x >> 32;
}

noinline u32 fold(u64 x)
{
	return x ^ x >> 32;
}

noinline u16 checksum_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

noinline u64 join(u32 high, u32 low)
{
	return (u64)high << 32 | low;
}

noinline u64 index_of(u8 row, s8 column)
{
	return row * 16 + column;
}

noinline u32 average(u32 a, u32 b)
{
	return ((u64)a + b) / 2;
}

SEC("xdp") int test(void *ctx)
{
	u32 a = U32(0xffffffff);
	u64 b = a, c;
	s32 d = a;
	s64 e = d;
	u8 f = a;
	s8 g = f;
	u32 list[4] = { 1, 2, 3, 4 };
	u8 i = U8(254);

	EXPECT(0, widen_after(a, 1));
	EXPECT(0x100000000, widen_before(a, 1));
	EXPECT(-1, signed_after(S32(1), S32(2)));
	EXPECT(0x12345678, high(U64(0x12345678ffffffff)));
	EXPECT(0, fold(U64(0x1234567812345678)));
	EXPECT(0xffff, checksum_fold(U32(0)));
	EXPECT(0, checksum_fold(U32(0xffff)));
	EXPECT(0xfffd, checksum_fold(U32(0x10001)));
	EXPECT(0x4500, (u16)~checksum_fold(U32(0x4500)));
	EXPECT(0xdeadbeefcafebabe, join(U32(0xdeadbeef), U32(0xcafebabe)));
	EXPECT(15, index_of(U8(1), S8(-1)));
	EXPECT(0xffffffffffffffff, index_of(U8(0), S8(-1)));
	EXPECT(0xfffffffe, average(U32(0xffffffff), U32(0xfffffffe)));
	EXPECT(0xffffffff, b);
	EXPECT(-1, e);
	EXPECT(255, f);
	EXPECT(-1, g);
	c = a;
	c += 1;
	EXPECT(0x100000000, c);
	a += 1;
	EXPECT(0, a);
	EXPECT(1, c > a);
	c = (u32)c;
	EXPECT(0, c);
	c = ~0u;
	EXPECT(0xffffffff, c);
	c = ~0;
	EXPECT(0xffffffffffffffff, c);
	c = 1u << 31;
	EXPECT(0x80000000, c);
	c = (s32)(1u << 31);
	EXPECT(0xffffffff80000000, c);
	c = U32(1) << 31 << 1;
	EXPECT(0, c);
	c = (u64)U32(1) << 31 << 1;
	EXPECT(0x100000000, c);
	c = U32(0) - 1;
	EXPECT(0xffffffff, c);
	c = U32(0) - 1ull;
	EXPECT(0xffffffffffffffff, c);
	c = -U32(1);
	EXPECT(0xffffffff, c);
	c = U32(0x80000000) >> 4;
	EXPECT(0x08000000, c);
	c = S32(-16) >> 2;
	EXPECT(0xfffffffffffffffc, c);
	c = (u32)S32(-16) >> 2;
	EXPECT(0x3ffffffc, c);
	EXPECT(0, (u8)(i + 2));
	EXPECT(4, list[(u8)(i + 5) & 3]);
	EXPECT(256, i + 2);
	EXPECT(1, (u32)U64(0x100000001) == 1);
	EXPECT(0, U64(0x100000001) == 1);
	EXPECT(1, (s32)U64(0xffffffff80000000) < 0);
	EXPECT(1, (s32)U64(0x80000000) < 0);
	EXPECT(0, (s64)U64(0x80000000) < 0);
	EXPECT(0xffffffff, (u64)(u32)S64(-1));
	EXPECT(-1, (s64)(s32)U64(0xffffffff));
	return 0;
}
//~ run == 0
