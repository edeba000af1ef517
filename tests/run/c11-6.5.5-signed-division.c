// Quotients of signed numbers are truncated toward zero; remainders have the sign of the
// dividend.
//@ clang: -mcpu=v4
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	BINARY(3, S32, 7, /, S32, 2);
	BINARY(-3, S32, -7, /, S32, 2);
	BINARY(-3, S32, 7, /, S32, -2);
	BINARY(3, S32, -7, /, S32, -2);
	BINARY(1, S32, 7, %, S32, 2);
	BINARY(-1, S32, -7, %, S32, 2);
	BINARY(1, S32, 7, %, S32, -2);
	BINARY(-1, S32, -7, %, S32, -2);
	BINARY(0, S32, -1, /, S32, 2);
	BINARY(-1, S32, -1, %, S32, 2);
	BINARY(0, S32, 1, /, S32, -2);
	BINARY(1, S32, -5, /, S32, -5);
	BINARY(0, S32, -5, %, S32, -5);
	BINARY(-5, S32, 5, /, S32, -1);
	BINARY(0, S32, 5, %, S32, -1);
	BINARY(-2147483647 - 1, S32, -2147483647 - 1, /, S32, 1);
	BINARY(-1073741824, S32, -2147483647 - 1, /, S32, 2);
	BINARY(1, S32, -2147483647 - 1, /, S32, -2147483647 - 1);
	BINARY(0, S32, 5, /, S32, -2147483647 - 1);
	BINARY(5, S32, 5, %, S32, -2147483647 - 1);
	BINARY(-3, S64, -7, /, S64, 2);
	BINARY(-1, S64, -7, %, S64, 2);
	BINARY(-0x55555555, S64, -4294967295, /, S64, 3);
	BINARY(-4294967296, S64, -8589934592, /, S64, 2);
	BINARY(-2, S64, -8589934592, /, S64, 4294967296);
	BINARY(-1, S64, -8589934593, %, S64, 4294967296);
	BINARY(0, S64, -4294967295, /, S64, 4294967296);
	// Powers of two, where a shift alone would round down.
	BINARY(-1, S32, -9, /, S32, 8);
	BINARY(-1, S32, -8, /, S32, 8);
	BINARY(0, S32, -7, /, S32, 8);
	BINARY(-7, S32, -7, %, S32, 8);
	BINARY(-1, S32, -9, %, S32, 8);
	BINARY(0, S64, -7, /, S64, 8);
	BINARY(-7, S64, -7, %, S64, 8);
	// Of promoted and mixed operands.
	BINARY(-64, S8, -128, /, U8, 2);
	BINARY(128, S8, -128, /, S8, -1);
	BINARY(0, S8, -128, %, S8, -1);
	BINARY(-1, S8, -1, %, U16, 2);
	BINARY(-429496729, S64, -4294967295, /, U8, 10);
	EXPECT(-7, S32(-7) / 2 * 2 + S32(-7) % 2);
	EXPECT(-33, S32(-100) / S32(3));
	EXPECT(-33, S16(-100) / S8(3));
	return 0;
}
//~ run == 0
