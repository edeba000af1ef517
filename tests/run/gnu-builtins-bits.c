// Counting and swapping.
#include "expect.h"

#define constant_swap16(x) __builtin_bswap16(x)

static const u16 folded = __builtin_bswap16(0x1234);
static u32 folded32 = __builtin_bswap32(0x12345678);

SEC("xdp") int test(void *ctx)
{
	EXPECT(0x3412, __builtin_bswap16(0x1234));
	EXPECT(0x3412, __builtin_bswap16(U16(0x1234)));
	EXPECT(0x3412, __builtin_bswap16(U32(0xff1234)));
	EXPECT(0x78563412, __builtin_bswap32(0x12345678));
	EXPECT(0x78563412, __builtin_bswap32(U32(0x12345678)));
	EXPECT(0x78563412, __builtin_bswap32(U64(0xff12345678)));
	EXPECT(0xf0debc9a78563412, __builtin_bswap64(0x123456789abcdef0));
	EXPECT(0xf0debc9a78563412, __builtin_bswap64(U64(0x123456789abcdef0)));
	EXPECT(0x7856341200000000, __builtin_bswap64(U32(0x12345678)));
	EXPECT(0x80000000, __builtin_bswap32(U8(0x80)));
	EXPECT(0x1234, __builtin_bswap16(__builtin_bswap16(U16(0x1234))));
	EXPECT(0xff, __builtin_bswap16(U16(0xff00)) + 0);
	EXPECT(0x3412, folded);
	EXPECT(0x78563412, folded32);
	EXPECT(0x3412, constant_swap16(0x1234));

	EXPECT(0, __builtin_popcount(0));
	EXPECT(32, __builtin_popcount(0xffffffff));
	EXPECT(0, __builtin_popcount(U32(0)));
	EXPECT(32, __builtin_popcount(U32(0xffffffff)));
	EXPECT(16, __builtin_popcount(U32(0x55aa55aa)));
	EXPECT(1, __builtin_popcount(U32(0x80000000)));
	EXPECT(64, __builtin_popcountll(U64(0xffffffffffffffff)));
	EXPECT(2, __builtin_popcountll(U64(0x8000000000000001)));
	EXPECT(32, __builtin_popcountll(0x5555555555555555));

	EXPECT(31, __builtin_clz(1));
	EXPECT(31, __builtin_clz(U32(1)));
	EXPECT(0, __builtin_clz(U32(0x80000000)));
	EXPECT(8, __builtin_clz(U32(0x00ffffff)));
	EXPECT(63, __builtin_clzll(U64(1)));
	EXPECT(31, __builtin_clzll(U64(0x100000000)));
	EXPECT(0, __builtin_clzll(U64(0xffffffffffffffff)));
	EXPECT(0, __builtin_ctz(U32(1)));
	EXPECT(31, __builtin_ctz(U32(0x80000000)));
	EXPECT(4, __builtin_ctz(U32(0x50)));
	EXPECT(32, __builtin_ctzll(U64(0x100000000)));
	EXPECT(63, __builtin_ctzll(U64(0x8000000000000000)));
	EXPECT(0, __builtin_ctzll(U64(0xffffffffffffffff)));
	EXPECT(0, __builtin_ffs(U32(0)));
	EXPECT(1, __builtin_ffs(U32(1)));
	EXPECT(5, __builtin_ffs(U32(0x50)));
	EXPECT(32, __builtin_ffs(U32(0x80000000)));
	EXPECT(33, __builtin_ffsll(U64(0x100000000)));
	EXPECT(0, __builtin_ffsll(U64(0)));
	EXPECT(0, __builtin_ffs(0));
	EXPECT(5, __builtin_ffs(0x50));
	EXPECT(1, __builtin_parity(U32(7)));
	EXPECT(0, __builtin_parity(U32(0xf)));
	EXPECT(1, __builtin_parityll(U64(0x8000000000000000)));
	return 0;
}
//~ run == 0
