// And, or, exclusive or, with constants of every shape.
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	BINARY(0x0f, U8, 0xff, &, U8, 0x0f);
	BINARY(0xff, U8, 0xf0, |, U8, 0x0f);
	BINARY(0xf0, U8, 0xff, ^, U8, 0x0f);
	BINARY(0x80000000, U32, 0xffffffff, &, U32, 0x80000000);
	BINARY(0x80000001, U32, 1, |, U32, 0x80000000);
	BINARY(0x7fffffff, U32, 0xffffffff, ^, U32, 0x80000000);
	BINARY(0x80000000, U64, 0xffffffffffffffff, &, U64, 0x80000000);
	BINARY(0x180000000, U64, 0x100000000, |, U64, 0x80000000);
	BINARY(0x100000000, U64, 0x180000000, ^, U64, 0x80000000);
	BINARY(0xffffffff00000000, U64, 0xffffffffffffffff, &, U64, 0xffffffff00000000);
	BINARY(0xffffffff80000000, U64, 0xffffffffffffffff, &, U64, 0xffffffff80000000);
	BINARY(0xffffffff80000001, U64, 1, |, U64, 0xffffffff80000000);
	BINARY(0xffffffff, U64, 0xffffffffffffffff, ^, U64, 0xffffffff00000000);
	BINARY(0xffff, U64, 0x123456789abcffff, &, U64, 0xffff);
	BINARY(0xff, U64, 0x12345678000000ff, &, U8, 0xff);
	BINARY(-1, S32, -1, &, S8, -1);
	BINARY(-256, S32, -1, &, S32, -256);
	BINARY(0xffffff00, U32, 0xffffffff, &, S32, -256);
	BINARY(-256, S64, -1, &, S32, -256);
	BINARY(0, S32, 0x55, &, S32, 0xaa);
	BINARY(-1, S32, 0, ^, S32, -1);
	BINARY(0, S64, -1, ^, S32, -1);
	BINARY(0xffffffff, U32, 0, ^, S8, -1);
	EXPECT(0x12, U32(0x12345678) >> 24 & 0xff);
	EXPECT(0x78563412, (U32(0x12345678) & 0xff) << 24 | (U32(0x12345678) & 0xff00) << 8 |
				   (U32(0x12345678) >> 8 & 0xff00) | U32(0x12345678) >> 24);
	EXPECT(1, (U32(6) & 2) == 2);
	EXPECT(0, U32(6) & 3 == 3);
	EXPECT(7, U32(1) | U32(2) ^ U32(4) & U32(12));
	EXPECT(0xf0, U32(0xff) & ~0xf);
	EXPECT(0xfffffff0, U64(0xffffffff) & ~0xfull);
	EXPECT(0xfffffffffffffff0, U64(0xffffffffffffffff) & ~0xf);
	EXPECT(0xfffffff0, U64(0xffffffffffffffff) & ~0xfu);
	EXPECT(8, U32(8) & -U32(8));
	EXPECT(0, U32(8) & (U32(8) - 1));
	return 0;
}
//~ run == 0
