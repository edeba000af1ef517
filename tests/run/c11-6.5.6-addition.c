// Sums and differences on every width, with constants of every size.
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	BINARY(5, S32, 2, +, S32, 3);
	BINARY(-1, S32, 2, -, S32, 3);
	BINARY(2147483647, S32, 2147483646, +, S32, 1);
	BINARY(-2147483647 - 1, S32, -2147483647, -, S32, 1);
	BINARY(0, U32, 0xffffffff, +, U32, 1);
	BINARY(0xffffffff, U32, 0, -, U32, 1);
	BINARY(0xfffffffe, U32, 0xffffffff, +, U32, 0xffffffff);
	BINARY(0, U64, 0xffffffffffffffff, +, U64, 1);
	BINARY(0xffffffffffffffff, U64, 0, -, U64, 1);
	BINARY(0x100000000, U64, 0xffffffff, +, U64, 1);
	BINARY(0xffffffff, U64, 0x100000000, -, U64, 1);
	BINARY(0x80000000, U64, 0, +, U64, 0x80000000);
	BINARY(0x180000000, U64, 0x100000000, +, U64, 0x80000000);
	BINARY(0x80000000, U64, 0x100000000, -, U64, 0x80000000);
	BINARY(0x180000001, U64, 0x100000001, -, S64, -0x80000000ll);
	BINARY(0xffffffff80000000, U64, 0, -, U64, 0x80000000);
	BINARY(0x123456789abcdef0, U64, 0x123456789abcdef1, -, U64, 1);
	BINARY(0x23456789abcdef01, U64, 0x1111111111111111, +, U64, 0x123456789abcddf0);
	BINARY(-4294967297, S64, -4294967296, +, S64, -1);
	BINARY(-2147483649, S64, -1, -, S64, 2147483648);
	BINARY(0x80000000, U32, 0x7fffffff, +, U32, 1);
	BINARY(0x80000000, S64, 0x7fffffff, +, S64, 1);
	EXPECT(10, S32(1) + S32(2) + S32(3) + S32(4));
	EXPECT(-8, S32(1) - S32(2) - S32(3) - S32(4));
	EXPECT(4, S32(1) - (S32(2) - (S32(3) - S32(-2))));
	EXPECT(0xffffffff, U32(1) + U32(0xfffffffd) + 1);
	EXPECT(4294967297, (u64)U32(0xffffffff) + 2);
	EXPECT(1, (u64)(U32(0xffffffff) + 2));
	EXPECT(-1, (s64)(S32(0x7fffffff) - 0x7fffffff - 1));
	return 0;
}
//~ run == 0
