// Unions: members share their bytes; anonymous ones lend their members to what is around.
#include "expect.h"

union number {
	u64 wide;
	u32 words[2];
	u16 halves[4];
	u8 bytes[8];
	struct {
		u8 low;
		u8 high;
	} parts;
	s8 small;
};
struct address {
	u8 family;
	union {
		u32 v4;
		u32 v6[4];
		struct {
			u16 first;
			u16 second;
		};
	};
	union {
		u8 a;
		u16 b;
	} named;
};

static union number global = { 0x1122334455667788 };
static union number designated = { .halves = { 1, 2, 3 } };

noinline u32 family(const struct address *a)
{
	return a->family == 4 ? a->v4 : a->v6[3];
}

SEC("xdp") int test(void *ctx)
{
	union number n;
	struct address a = { .family = 4, .v4 = 0x0a000001 };
	struct address b = { 6, { .v6 = { 1, 2, 3, 4 } }, { 5 } };

	EXPECT(8, sizeof(union number));
	EXPECT(24, sizeof(struct address));
	EXPECT(4, offset_of(struct address, v6));
	EXPECT(6, offset_of(struct address, second));
	EXPECT(20, offset_of(struct address, named.b));

	n.wide = U64(0xfedcba9876543280);
	EXPECT(0x76543280, n.words[0]);
	EXPECT(0xfedcba98, n.words[1]);
	EXPECT(0xba98, n.halves[2]);
	EXPECT(0xfe, n.bytes[7]);
	EXPECT(0x80, n.parts.low);
	EXPECT(0x32, n.parts.high);
	EXPECT(-128, n.small);
	n.bytes[7] = 0;
	n.halves[0] = U16(0xffff);
	EXPECT(0x00dcba987654ffff, n.wide);
	EXPECT(-1, n.small);
	n.words[1] = n.words[0];
	EXPECT(0x7654ffff7654ffff, n.wide);

	EXPECT(0x55667788, global.words[0]);
	EXPECT(0x11, global.bytes[7]);
	EXPECT(0x0000000300020001, designated.wide);
	global.bytes[0] = U8(0);
	EXPECT(0x1122334455667700, global.wide);

	EXPECT(0x0a000001, a.v4);
	EXPECT(1, a.first);
	EXPECT(0x0a00, a.second);
	a.second = U16(0x0b00);
	EXPECT(0x0b000001, a.v4);
	EXPECT(0x0b000001, family(&a));
	EXPECT(4, family(&b));
	EXPECT(1, b.v4);
	EXPECT(5, b.named.b);
	b.named.b = U16(0x1234);
	EXPECT(0x34, b.named.a);

	// Type punning without a copy.
	EXPECT(0x04030201, ((union number){ .bytes = { 1, 2, 3, 4 } }).words[0]);
	return 0;
}
//~ run == 0
