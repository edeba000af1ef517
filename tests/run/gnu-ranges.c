// Ranges in cases and in designators.
#include "expect.h"

static u8 classes[256] = {
	[0 ... 31] = 1, ['0' ... '9'] = 2, ['A' ... 'Z'] = 3, ['a' ... 'z'] = 3, [128 ... 255] = 4,
};
static u32 overridden[8] = { [0 ... 7] = 9, [3] = 1, [5 ... 6] = 2 };
static struct {
	u8 tag;
	u16 values[4];
} records[3] = { [0 ... 2] = { .tag = 7, .values = { [1 ... 2] = 5 } } };

noinline u32 classify(u32 c)
{
	switch (c) {
	case 0 ... 31:
		return 1;
	case '0' ... '9':
		return 2;
	case 'A' ... 'Z':
	case 'a' ... 'z':
		return 3;
	case 128 ... 255:
		return 4;
	default:
		return 0;
	}
}

noinline u32 signed_range(s32 x)
{
	switch (x) {
	case -10 ... -1:
		return 1;
	case 0 ... 0:
		return 2;
	case 1 ... 0x7fffffff:
		return 3;
	}
	return 4;
}

noinline u32 wide_range(u64 x)
{
	switch (x) {
	case 0x100000000 ... 0x1ffffffff:
		return 1;
	case 0 ... 0xffffffff:
		return 2;
	case 0xffffffff00000000 ... 0xffffffffffffffff:
		return 3;
	}
	return 4;
}

SEC("xdp") int test(void *ctx)
{
	u32 local[6] = { [1 ... 3] = 8, [5] = 4 };
	static const u8 probes[] = { 0, 31, 32, '0', '9', ':', '@', 'A', 'Z', '[', 'a', 'm', 'z', '{', 127, 128, 255 };

	for (u32 i = 0; i < sizeof(probes); i++)
		EXPECT(classes[probes[i]], classify(probes[i]));
	EXPECT(1, classify(U32(31)));
	EXPECT(0, classify(U32(32)));
	EXPECT(2, classify(U32('5')));
	EXPECT(3, classify(U32('q')));
	EXPECT(4, classify(U32(255)));
	EXPECT(0, classify(U32(256)));
	EXPECT(9, overridden[2]);
	EXPECT(1, overridden[3]);
	EXPECT(9, overridden[4]);
	EXPECT(2, overridden[6]);
	EXPECT(7, records[2].tag);
	EXPECT(0, records[1].values[0]);
	EXPECT(5, records[1].values[2]);
	EXPECT(0, local[0]);
	EXPECT(8, local[1]);
	EXPECT(8, local[3]);
	EXPECT(0, local[4]);
	EXPECT(4, local[5]);
	EXPECT(1, signed_range(S32(-10)));
	EXPECT(4, signed_range(S32(-11)));
	EXPECT(2, signed_range(S32(0)));
	EXPECT(3, signed_range(S32(0x7fffffff)));
	EXPECT(1, wide_range(U64(0x1ffffffff)));
	EXPECT(2, wide_range(U64(0xffffffff)));
	EXPECT(3, wide_range(U64(0xffffffffffffffff)));
	EXPECT(4, wide_range(U64(0x200000000)));
	return 0;
}
//~ run == 0
