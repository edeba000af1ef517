// memcpy, memset, memmove, memcmp of constant sizes.
#include "expect.h"

struct record {
	u32 a;
	u16 b;
	u8 c[7];
	u64 d;
};

static struct record global = { 1, 2, "abcdef", 4 };
static u8 bytes[64];
static const u8 pattern[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

noinline u32 sum(const u8 *p)
{
	u32 total = 0;

	for (u32 i = 0; i < 16; i++)
		total += p[i];
	return total;
}

SEC("xdp") int test(void *ctx)
{
	struct record r, copy;
	u8 local[16], other[16];
	u32 word = U32(0x12345678);
	u64 wide;
	u8 *p;

	__builtin_memset(&r, 0, sizeof(r));
	EXPECT(0, r.a + r.b + r.c[6] + r.d);
	__builtin_memset(&r, 0xff, sizeof(r));
	EXPECT(0xffffffff, r.a);
	EXPECT(0xffff, r.b);
	EXPECT(255, r.c[6]);
	EXPECT(0xffffffffffffffff, r.d);
	__builtin_memcpy(&r, &global, sizeof(r));
	EXPECT(1, r.a);
	EXPECT('f', r.c[5]);
	EXPECT(4, r.d);
	__builtin_memcpy(&copy, &r, sizeof(copy));
	EXPECT(0, __builtin_memcmp(&copy, &r, sizeof(r)));
	copy.c[3]++;
	EXPECT(1, __builtin_memcmp(&copy, &r, sizeof(r)) > 0);
	EXPECT(1, __builtin_memcmp(&r, &copy, sizeof(r)) < 0);
	EXPECT(0, __builtin_memcmp(&r, &copy, 6));

	__builtin_memset(local, U8(7), sizeof(local));
	EXPECT(112, sum(local));
	__builtin_memset(local, 0, 3);
	EXPECT(91, sum(local));
	__builtin_memcpy(local, pattern, sizeof(local));
	EXPECT(120, sum(local));
	__builtin_memcpy(local + 1, pattern + 8, 7);
	EXPECT(8, local[1]);
	EXPECT(14, local[7]);
	EXPECT(8, local[8]);
	__builtin_memcpy(other, local, 16);
	// Overlapping, both ways.
	__builtin_memmove(other + 1, other, 8);
	EXPECT(0, other[0]);
	EXPECT(0, other[1]);
	EXPECT(8, other[2]);
	EXPECT(14, other[8]);
	__builtin_memmove(other, other + 2, 8);
	EXPECT(8, other[0]);
	EXPECT(14, other[6]);
	EXPECT(9, other[7]);

	__builtin_memcpy(&word, "abcd", 4);
	EXPECT(0x64636261, word);
	__builtin_memcpy((u8 *)&word + 1, &(u16){ U16(0x4142) }, 2);
	EXPECT(0x64414261, word);
	wide = 0;
	__builtin_memcpy(&wide, &word, 3);
	EXPECT(0x414261, wide);
	p = __builtin_memcpy(&wide, pattern, 8);
	EXPECT(0x0706050403020100, wide);
	EXPECT(1, p == (u8 *)&wide);
	p = __builtin_memset(bytes, 3, 33);
	EXPECT(3, bytes[32]);
	EXPECT(0, bytes[33]);
	EXPECT(1, p == bytes);
	__builtin_memcpy(bytes + 33, bytes, 31);
	EXPECT(3, bytes[63]);
	__builtin_memcpy(bytes, bytes, 0);
	__builtin_memset(bytes, 9, 0);
	EXPECT(3, bytes[0]);

	EXPECT(1, __builtin_memcmp("abd", "abc", 3) > 0);
	EXPECT(1, __builtin_memcmp("ab", "abc", 2) == 0);
	EXPECT(0, __builtin_memcmp(bytes, bytes, 0));
	// Bytes compare as unsigned, from the first on.
	local[0] = U8(0x80);
	other[0] = U8(0x7f);
	local[1] = 0;
	other[1] = 0xff;
	EXPECT(1, __builtin_memcmp(local, other, 8) > 0);
	EXPECT(1, __builtin_memcmp(other, local, 2) < 0);
	return 0;
}
//~ run == 0
