// Quotients and remainders of unsigned numbers.
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	BINARY(3, U32, 7, /, U32, 2);
	BINARY(1, U32, 7, %, U32, 2);
	BINARY(0, U32, 7, /, U32, 8);
	BINARY(7, U32, 7, %, U32, 8);
	BINARY(1, U32, 7, /, U32, 7);
	BINARY(0, U32, 7, %, U32, 7);
	BINARY(7, U32, 7, /, U32, 1);
	BINARY(0, U32, 7, %, U32, 1);
	BINARY(0, U32, 0, /, U32, 7);
	BINARY(1, U32, 0xffffffff, /, U32, 0xffffffff);
	BINARY(1, U32, 0xffffffff, /, U32, 0x80000000);
	BINARY(0x7fffffff, U32, 0xffffffff, %, U32, 0x80000000);
	BINARY(0x55555555, U32, 0xffffffff, /, U32, 3);
	BINARY(0x19999999, U32, 0xffffffff, /, U32, 10);
	BINARY(5, U32, 0xffffffff, %, U32, 10);
	BINARY(0x5555555555555555, U64, 0xffffffffffffffff, /, U64, 3);
	BINARY(0x1999999999999999, U64, 0xffffffffffffffff, /, U64, 10);
	BINARY(5, U64, 0xffffffffffffffff, %, U64, 10);
	BINARY(0xffffffff, U64, 0xffffffff00000000, /, U64, 0x100000000);
	BINARY(0, U64, 0xffffffff00000000, %, U64, 0x100000000);
	BINARY(1, U64, 0xffffffffffffffff, /, U64, 0x8000000000000000);
	BINARY(0x7fffffffffffffff, U64, 0xffffffffffffffff, %, U64, 0x8000000000000000);
	BINARY(0, U64, 5, /, U64, 0x100000001);
	BINARY(5, U64, 5, %, U64, 0x100000001);
	BINARY(0xfffffffe, U64, 0xfffffffeffffffff, /, U64, 0x100000001);
	BINARY(1, U64, 0x100000000, /, U32, 0xffffffff);
	BINARY(1, U64, 0x100000000, %, U32, 0xffffffff);
	// Of promoted operands.
	BINARY(127, U8, 255, /, U8, 2);
	BINARY(25, U8, 255, /, U8, 10);
	BINARY(5, U8, 255, %, U8, 10);
	BINARY(21845, U16, 65535, /, U8, 3);
	// By powers of two.
	BINARY(0x0fffffff, U32, 0xffffffff, /, U32, 16);
	BINARY(15, U32, 0xffffffff, %, U32, 16);
	BINARY(0x0fffffffffffffff, U64, 0xffffffffffffffff, /, U64, 16);
	BINARY(15, U64, 0xffffffffffffffff, %, U64, 16);
	BINARY(0xffffffff, U64, 0xffffffffffffffff, %, U64, 0x100000000);
	EXPECT(12345, (U32(12345) / 100) * 100 + U32(12345) % 100);
	EXPECT(3, U32(100) / U32(7) % U32(11));
	return 0;
}
//~ run == 0
