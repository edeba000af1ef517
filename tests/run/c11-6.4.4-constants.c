// The value and the type of constants.
#include "expect.h"

enum small { SMALL = 7 };

SEC("xdp") int test(void *ctx)
{
	EXPECT(255, 0xff);
	EXPECT(255, 0XFF);
	EXPECT(255, 0377);
	EXPECT(5, 0b101);
	EXPECT(5, 0B101);
	EXPECT(0, 00);
	EXPECT(1000000, 1000000L);
	EXPECT(7, SMALL);

	// The first type of the list that holds the value.
	EXPECT(4, sizeof(2147483647));
	EXPECT(8, sizeof(2147483648));
	EXPECT(4, sizeof(0x7fffffff));
	EXPECT(4, sizeof(0x80000000));
	EXPECT(4, sizeof(0xffffffff));
	EXPECT(8, sizeof(0x100000000));
	EXPECT(4, sizeof(1u));
	EXPECT(8, sizeof(1l));
	EXPECT(8, sizeof(1ul));
	EXPECT(8, sizeof(1ll));
	EXPECT(8, sizeof(1LLU));
	EXPECT(8, sizeof(4294967296u));
	EXPECT(1, 0x80000000 > 0);
	EXPECT(1, -0x80000000 > 0);
	EXPECT(1, -2147483648 < 0);
	EXPECT(1, -1 < 0x7fffffff);
	EXPECT(0, -1 < 0x80000000);
	EXPECT(1, -1 < 2147483648);
	EXPECT(1, -1l < 0x80000000);
	EXPECT(0, -1 < 0x8000000000000000);
	EXPECT(1, 0xffffffffffffffff == -1);
	EXPECT(0, 0xffffffff == -1l);
	EXPECT(1, 0xffffffff == -1);

	// Characters.
	EXPECT(97, 'a');
	EXPECT(4, sizeof('a'));
	EXPECT(10, '\n');
	EXPECT(9, '\t');
	EXPECT(13, '\r');
	EXPECT(7, '\a');
	EXPECT(8, '\b');
	EXPECT(12, '\f');
	EXPECT(11, '\v');
	EXPECT(27, '\e');
	EXPECT(0, '\0');
	EXPECT(39, '\'');
	EXPECT(34, '"');
	EXPECT(34, '\"');
	EXPECT(92, '\\');
	EXPECT(63, '\?');
	EXPECT(65, '\101');
	EXPECT(65, '\x41');
	EXPECT(-1, '\xff');
	EXPECT(-128, '\200');
	EXPECT(7, '\7');
	EXPECT(24930, 'ab');
	EXPECT(1633837924, 'abcd');

	// Run-time counterparts.
	EXPECT(1, S32(-1) < 0x7fffffff);
	EXPECT(0, S32(-1) < 0x80000000);
	EXPECT(1, S32(-1) < 2147483648);
	EXPECT(1, S8(-1) == '\xff');
	EXPECT(0, U8(255) == '\xff');
	return 0;
}
//~ run == 0
