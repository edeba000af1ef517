// Sizes of objects, casts to unions, arrays whose length is a constant variable, `alloca`.
#include "expect.h"

union number {
	u32 word;
	s64 wide;
	u8 bytes[8];
};

struct sized {
	u32 a[4];
	u8 b[8];
};

static struct sized global;

#ifndef HOST
_Static_assert(__builtin_object_size(global.b, 1) == 8, "a member");
_Static_assert(__builtin_object_size(global.a, 0) == 24, "to the end");
#endif

SEC("xdp") int test(void *ctx)
{
	const int n = 4;
	u8 fixed[n * 2];
	u32 zeroes[n + 1];
	union number number = (union number)S64(-2);
	u8 *room = __builtin_alloca(8);
	struct sized local;

	EXPECT(8, sizeof(fixed));
	EXPECT(20, sizeof(zeroes));
	fixed[7] = U8(3);
	EXPECT(3, fixed[7]);
	EXPECT(-2, number.wide);
	EXPECT(0xfffffffe, number.word);
	EXPECT(7, ((union number)U32(7)).word);
	room[7] = U8(9);
	EXPECT(9, room[7]);
#ifndef HOST // GCC knows some of them only when it optimises.
	EXPECT(24, __builtin_object_size(&local, 0));
	EXPECT(6, __builtin_object_size(&local.b[2], 1));
	EXPECT(6, __builtin_object_size(local.b + 2, 1));
	EXPECT(20, __builtin_object_size(&local.a[1], 0));
	EXPECT(-1, __builtin_object_size(ctx, 0));
	EXPECT(0, __builtin_object_size(ctx, 2));
#endif
	local.b[0] = 1;
	EXPECT(0, __builtin_strncmp("abc", "abd", 2));
	EXPECT(1, __builtin_strncmp("abc", "abd", 3) < 0);
	__builtin_bzero(&local, sizeof(local));
	EXPECT(0, local.b[0]);
	EXPECT(0, __builtin_bcmp(local.a, local.a + 1, 8));
	return 0;
}
//~ run == 0
