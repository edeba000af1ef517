// Shifts take the type of the promoted left operand.
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	BINARY(1, U32, 1, <<, U32, 0);
	BINARY(0x80000000, U32, 1, <<, U32, 31);
	BINARY(0xfffffffe, U32, 0xffffffff, <<, U32, 1);
	BINARY(0, U32, 0x80000000, <<, U32, 1);
	BINARY(0xffff0000, U32, 0xffffffff, <<, U8, 16);
	BINARY(0x80000000, U32, 1, <<, U64, 31);
	BINARY(0x100000000, U64, 1, <<, U32, 32);
	BINARY(0x8000000000000000, U64, 1, <<, U8, 63);
	BINARY(0xffffffff00000000, U64, 0xffffffff, <<, S32, 32);
	BINARY(0x40000000, S32, 1, <<, S32, 30);
	BINARY(0x7ffffffe, S32, 0x3fffffff, <<, S32, 1);
	BINARY(0x4000000000000000, S64, 1, <<, S32, 62);

	BINARY(1, U32, 0x80000000, >>, U32, 31);
	BINARY(0x7fffffff, U32, 0xffffffff, >>, U32, 1);
	BINARY(0xffff, U32, 0xffffffff, >>, U8, 16);
	BINARY(0xffffffff, U32, 0xffffffff, >>, U8, 0);
	BINARY(1, U64, 0x8000000000000000, >>, U32, 63);
	BINARY(0xffffffff, U64, 0xffffffff00000000, >>, U32, 32);
	BINARY(0, U64, 0xffffffff, >>, U32, 32);

	// A signed number keeps its sign.
	BINARY(-1, S32, -1, >>, U32, 31);
	BINARY(-1, S32, -2, >>, S32, 1);
	BINARY(-2, S32, -3, >>, S32, 1);
	BINARY(-1073741824, S32, -2147483647 - 1, >>, U32, 1);
	BINARY(-1, S32, -2147483647 - 1, >>, U32, 31);
	BINARY(0x3fffffff, S32, 0x7fffffff, >>, U32, 1);
	BINARY(-1, S64, -1, >>, U32, 63);
	BINARY(-1, S64, -4294967296, >>, U32, 32);
	BINARY(-4294967296, S64, -9223372036854775807 - 1, >>, S32, 31);
	BINARY(-1, S8, -128, >>, S32, 7);
	BINARY(-64, S8, -128, >>, S32, 1);
	BINARY(127, U8, 255, >>, S32, 1);
	BINARY(-1, S16, -1, >>, U8, 15);
	BINARY(0, U16, 0x7fff, >>, U8, 15);

	// Narrow operands are promoted first.
	BINARY(0x1fe, U8, 255, <<, U8, 1);
	BINARY(0xff0000, U8, 255, <<, U8, 16);
	BINARY(0x1fffe, U16, 65535, <<, U8, 1);
	EXPECT(0xfe, (u8)(U8(255) << 1));
	EXPECT(-2, (s8)(U8(255) << 1));
	EXPECT(0xff000000, U32(255) << 24);
	EXPECT(0xff000000, (u64)U8(255) << 24);

	// In pairs: sign and zero extension by hand, rotation.
	EXPECT(-16, (s32)(U32(0xf0) << 24) >> 24);
	EXPECT(0xf0, (U32(0xfffffff0) << 24) >> 24);
	EXPECT(-16, (s64)(U64(0xf0) << 56) >> 56);
	EXPECT(0x23456781, U32(0x12345678) << 4 | U32(0x12345678) >> 28);
	EXPECT(0x2345678900000001, U64(0x1234567890000000) << 4 | U64(0x1234567890000000) >> 60);
	EXPECT(1, 1u << (U32(32) - 32));
	EXPECT(4, 1 << U32(1) << U32(1));
	EXPECT(256, 1 << U32(2) * 4);
	return 0;
}
//~ run == 0
