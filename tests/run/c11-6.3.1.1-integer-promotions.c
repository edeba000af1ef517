// Types narrower than int become int in arithmetic: nothing wraps at 8 or 16 bits.
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	BINARY(300, U8, 200, +, U8, 100);
	BINARY(-56, U8, 44, -, U8, 100);
	BINARY(254, S8, 127, +, S8, 127);
	BINARY(-256, S8, -128, +, S8, -128);
	BINARY(131070, U16, 65535, +, U16, 65535);
	BINARY(-65535, U16, 0, -, U16, 65535);
	BINARY(65534, S16, 32767, +, S16, 32767);
	BINARY(-65536, S16, -32768, +, S16, -32768);
	BINARY(2, BOOL, 1, +, BOOL, 1);
	BINARY(-1, BOOL, 0, -, BOOL, 1);
	BINARY(65025, U8, 255, *, U8, 255);
	BINARY(16384, S8, -128, *, S8, -128);
	BINARY(-32640, S8, -128, *, U8, 255);
	BINARY(0xff00, U8, 0xff, <<, U8, 8);
	BINARY(0x7f00, S8, 127, <<, S16, 8);
	BINARY(0, U8, 0x80, >>, U8, 8);
	BINARY(-1, S8, -1, >>, U8, 7);
	BINARY(127, U8, 255, /, U8, 2);
	BINARY(1, U16, 65535, %, U16, 2);

	// Unary operators promote too.
	UNARY(-1, ~, U8, 0);
	UNARY(-256, ~, U8, 255);
	UNARY(-65536, ~, U16, 65535);
	UNARY(127, ~, S8, -128);
	UNARY(-255, -, U8, 255);
	UNARY(128, -, S8, -128);
	UNARY(32768, -, S16, -32768);
	UNARY(-1, -, BOOL, 1);
	UNARY(-2, ~, BOOL, 1);
	UNARY(255, +, U8, 255);
	EXPECT(sizeof(int), sizeof(+(u8)1));
	EXPECT(sizeof(int), sizeof(-(s16)1));
	EXPECT(sizeof(int), sizeof(~(_Bool)1));
	EXPECT(sizeof(int), sizeof((u8)1 << (u64)1));
	EXPECT(sizeof(int), sizeof((u8)1 + (u8)1));
	EXPECT(sizeof(int), sizeof((s16)1 * (_Bool)1));
	EXPECT(1, sizeof((u8)1));
	EXPECT(1, sizeof(!(u64)1) == sizeof(int));

	// A comparison sees the promoted values.
	BINARY(0, S8, -1, ==, U8, 255);
	BINARY(1, S8, -1, <, U8, 0);
	BINARY(1, S16, -1, <, U16, 0);
	BINARY(0, S8, -128, ==, U8, 128);
	BINARY(1, U8, 255, >, S8, -1);
	EXPECT(0, (u8)~U8(0x55) != 0xaa);
	EXPECT(1, ~U8(0x55) != 0xaa);
	EXPECT(1, (u16)-U16(1) == 0xffff);
	EXPECT(0, -U16(1) == 0xffff);

	// A bit-field counts by its width, whatever its type.
	struct {
		u64 below : 31, equal : 32;
		s64 with_sign : 32;
	} fields = { U32(5), U32(-5), S32(-5) };

	EXPECT(sizeof(int), sizeof(+fields.equal));
	EXPECT(1, _Generic(+fields.below, int: 1, default: 2));
	EXPECT(1, _Generic(+fields.equal, unsigned: 1, default: 2));
	EXPECT(1, _Generic(fields.equal / 4u, unsigned: 1, default: 2));
	EXPECT(1, _Generic(+fields.with_sign, int: 1, default: 2));
	EXPECT(1, fields.below - 6 < 0);
	EXPECT(0, fields.equal - 6 < 0);
	EXPECT(U32(-4), fields.equal + 1);
	EXPECT(0, fields.equal + 5);
	return 0;
}
//~ run == 0
