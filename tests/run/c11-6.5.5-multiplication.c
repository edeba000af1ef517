// Products, in the width of the converted operands.
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	BINARY(42, S32, 6, *, S32, 7);
	BINARY(-42, S32, -6, *, S32, 7);
	BINARY(42, S32, -6, *, S32, -7);
	BINARY(0, S32, -6, *, S32, 0);
	BINARY(2147395600, S32, 46340, *, S32, 46340);
	BINARY(0, U32, 0x10000, *, U32, 0x10000);
	BINARY(0x100000000, U64, 0x10000, *, U32, 0x10000);
	BINARY(4294836225, U32, 65535, *, U32, 65535);
	BINARY(0xfffffffe00000001, U64, 0xffffffff, *, U64, 0xffffffff);
	BINARY(1, U64, 0xffffffffffffffff, *, U64, 0xffffffffffffffff);
	BINARY(-1, S64, 1, *, S64, -1);
	BINARY(-0x7fffffff00000000, S64, -0x7fffffff, *, S64, 0x100000000);
	BINARY(0x8000000000000000, U64, 0x4000000000000000, *, U64, 2);
	// Powers of two, and what is near them.
	BINARY(24, U32, 3, *, U32, 8);
	BINARY(21, U32, 3, *, U32, 7);
	BINARY(27, U32, 3, *, U32, 9);
	BINARY(-24, S32, -3, *, S32, 8);
	BINARY(0x80000000, U32, 1, *, U32, 0x80000000);
	BINARY(0, U32, 2, *, U32, 0x80000000);
	BINARY(0x8000000000000000, U64, 1, *, U64, 0x8000000000000000);
	BINARY(5, U8, 5, *, U8, 1);
	BINARY(-5, S8, 5, *, S8, -1);
	// A constant that does not fit in 32 bits.
	BINARY(0x369d0369b, U64, 3, *, U64, 0x123456789);
	BINARY(0xff51afd7ed558ccd, U64, 1, *, U64, 0xff51afd7ed558ccd);
	BINARY(0xfea35fafdaab199a, U64, 2, *, U64, 0xff51afd7ed558ccd);
	EXPECT(120, S32(1) * S32(2) * S32(3) * S32(4) * S32(5));
	return 0;
}
//~ run == 0
