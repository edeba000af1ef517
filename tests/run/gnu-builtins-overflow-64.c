// The same of 64 bits.
//@ unsupported: E0320 only integers of up to 32 bits are supported
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	u64 r64;
	s64 rs64;

	EXPECT(1, __builtin_add_overflow(U64(0xffffffffffffffff), U64(1), &r64));
	EXPECT(0, r64);
	EXPECT(0, __builtin_add_overflow(U64(0xffffffff), U64(1), &r64));
	EXPECT(0x100000000, r64);
	EXPECT(0, __builtin_sub_overflow(U64(5), U64(5), &r64));
	EXPECT(0, r64);
	EXPECT(1, __builtin_sub_overflow(S64(-0x7fffffffffffffff - 1), S64(1), &rs64));
	EXPECT(0x7fffffffffffffff, rs64);
	return 0;
}
//~ run == 0
