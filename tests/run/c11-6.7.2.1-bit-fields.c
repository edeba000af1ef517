// Bit-fields: layout, truncation, sign, promotion, and what is beside them.
#include "expect.h"

struct bits {
	u32 a : 3;
	u32 b : 5;
	s32 c : 4;
	u32 d : 20;
};
struct straddle {
	u32 a : 20;
	u32 b : 20;
	u8 c;
};
struct bytes {
	u8 a : 4;
	u8 b : 4;
	u8 c : 1;
	u8 d : 7;
	u16 e : 9;
	u16 f : 7;
};
struct wide {
	u64 a : 40;
	u64 b : 24;
	s64 c : 33;
	u64 : 0;
	u64 d : 1;
};
struct unnamed {
	u32 a : 4;
	u32 : 4;
	u32 b : 4;
	u32 : 0;
	u32 c : 4;
};
struct mixed {
	u8 before;
	u32 a : 12;
	u8 after;
	_Bool flag : 1;
	_Bool other : 1;
};
struct packed {
	u8 a : 3;
	u32 b : 17;
	u16 c;
} __attribute__((packed));
enum level { LOW, MIDDLE, HIGH };
struct with_enum {
	enum level level : 4;
	u32 rest : 28;
};
// As in an IPv4 header of a little-endian machine.
struct ip {
	u8 ihl : 4, version : 4;
	u8 tos;
	u16 length;
};

static struct bits global = { 5, 17, -3, 0xabcde };
static struct bits zero;
static struct bits promoted;
static struct { u64 a : 30; } declared;

noinline u32 sum(const struct bits *b)
{
	return b->a + b->b + b->c + b->d;
}

noinline void set(struct bits *b, u32 value)
{
	b->a = value;
	b->b = value;
	b->c = value;
	b->d = value;
}

SEC("xdp") int test(void *ctx)
{
	struct bits b = {};
	struct straddle s = { 0 };
	struct bytes y = { 1, 2, 1, 3, 4, 5 };
	struct wide w = {};
	struct unnamed n = { 1, 2, 3 };
	struct mixed m = {};
	struct packed p = {};
	struct with_enum e = { HIGH, 7 };
	struct ip ip = { .version = 4, .ihl = 5 };
	u32 word;

	EXPECT(4, sizeof(struct bits));
	EXPECT(8, sizeof(struct straddle));
	EXPECT(8, offset_of(struct straddle, c) + 1);
	EXPECT(4, sizeof(struct bytes));
	EXPECT(24, sizeof(struct wide));
	EXPECT(8, sizeof(struct unnamed));
	EXPECT(8, sizeof(struct mixed));
	EXPECT(5, sizeof(struct packed));
	EXPECT(4, sizeof(struct ip));

	EXPECT(5, global.a);
	EXPECT(17, global.b);
	EXPECT(-3, global.c);
	EXPECT(0xabcde, global.d);
	EXPECT(5 + 17 - 3 + 0xabcde, sum(&global));
	EXPECT(0, zero.d);

	b.a = U32(13);
	b.b = U32(0xff);
	b.c = S32(7);
	b.d = U32(0x12345);
	EXPECT(5, b.a);
	EXPECT(31, b.b);
	EXPECT(7, b.c);
	EXPECT(0x12345, b.d);
	__builtin_memcpy(&word, &b, 4);
	EXPECT(0x123457fd, word);
	b.c = S32(8);
	EXPECT(-8, b.c);
	EXPECT(5, b.a);
	EXPECT(31, b.b);
	EXPECT(0x12345, b.d);
	set(&b, U32(0xffffffff));
	EXPECT(7, b.a);
	EXPECT(-1, b.c);
	EXPECT(0xfffff, b.d);
	set(&zero, U32(1));
	EXPECT(4, sum(&zero));

	// Operators on them.
	EXPECT(7, b.a++);
	EXPECT(0, b.a);
	EXPECT(7, --b.a);
	b.a += 3;
	EXPECT(2, b.a);
	b.b >>= 1;
	EXPECT(15, b.b);
	b.c ^= 5;
	EXPECT(-6, b.c);
	b.d <<= 4;
	EXPECT(0xffff0, b.d);
	EXPECT(4, b.a = 12);
	EXPECT(-1, b.c = 15);
	// Narrower than int, a field is promoted to int.
	EXPECT(1, b.a - 5 < 0);
	EXPECT(1, b.d > -1);
	EXPECT(-5, -b.a - 1);
	EXPECT(1, b.c < 0u == 0);

	s.a = U32(0xfffff);
	s.b = U32(0x54321);
	s.c = 9;
	EXPECT(0xfffff, s.a);
	EXPECT(0x54321, s.b);
	s.b = 0;
	EXPECT(0xfffff, s.a);
	EXPECT(9, s.c);

	EXPECT(1, y.a);
	EXPECT(2, y.b);
	EXPECT(1, y.c);
	EXPECT(3, y.d);
	EXPECT(4, y.e);
	EXPECT(5, y.f);
	__builtin_memcpy(&word, &y, 4);
	EXPECT(0x0a040721, word);
	y.e = U16(0x1ff);
	y.d = U8(0xff);
	__builtin_memcpy(&word, &y, 4);
	EXPECT(0x0bffff21, word);

	w.a = U64(0xfffffffffff);
	w.b = U64(0x123456);
	w.c = S64(-1);
	w.d = U64(3);
	EXPECT(0xffffffffff, w.a);
	EXPECT(0x123456, w.b);
	EXPECT(-1, w.c);
	EXPECT(1, w.d);
	w.c = S64(0xffffffff);
	EXPECT(0xffffffff, w.c);
	w.a -= 1;
	EXPECT(0xfffffffffe, w.a);
	EXPECT(0x123456, w.b);
	EXPECT(0x3fffffffff, w.a >> 2);
	EXPECT(8, sizeof(+w.a));

	EXPECT(1, n.a);
	EXPECT(2, n.b);
	EXPECT(3, n.c);
	__builtin_memcpy(&word, (u8 *)&n + 4, 4);
	EXPECT(3, word & 0xf);

	m.before = 0xff;
	m.after = 0xff;
	m.a = U32(0x1fff);
	EXPECT(0xfff, m.a);
	m.a = 0;
	EXPECT(0xff, m.before);
	EXPECT(0xff, m.after);
	m.flag = U32(2);
	EXPECT(1, m.flag);
	EXPECT(0, m.other);
	m.other = !m.other;
	m.flag = U32(0);
	EXPECT(1, m.other);
	EXPECT(0, m.flag);

	p.a = U8(0xff);
	p.b = U32(0x1ffff);
	p.c = U16(0x1234);
	EXPECT(7, p.a);
	EXPECT(0x1ffff, p.b);
	EXPECT(0x1234, p.c);
	p.b = U32(0x10001);
	EXPECT(0x10001, p.b);
	EXPECT(7, p.a);
	EXPECT(0x1234, p.c);

	EXPECT(HIGH, e.level);
	e.level = U32(1);
	EXPECT(MIDDLE, e.level);
	EXPECT(7, e.rest);
	EXPECT(0x45, *(u8 *)&ip);
	EXPECT(20, ip.ihl * 4);
	// The comma, assignments and `?:` leave a bit-field one that is promoted to `int`.
	promoted.a = U32(5);
	EXPECT(-5, -(U32(0), promoted.a));
	EXPECT(-6, -(promoted.a = U32(6)));
	EXPECT(-7, -(promoted.a += U32(1)));
	EXPECT(-3, -(promoted.a >>= 1));
	EXPECT(-4, -(++promoted.a));
	EXPECT(-4, -(U32(1) ? promoted.a : promoted.a));
	EXPECT(-4, -(promoted.a ?: promoted.a));
	EXPECT(1, (U32(0), promoted.a) > -1);
	// A cast, even to its own type, gives no bit-field.
	declared.a = U32(0x3fffffff);
	EXPECT(3221225469LL, (u64)declared.a * 3);
	return 0;
}
//~ run == 0
