// Offsets, padding, alignment, packing, nesting, flexible array members.
#include "expect.h"

struct a {
	u8 x;
	u16 y;
	u8 z;
	u32 w;
	u8 v;
};
struct b {
	u8 x;
	struct a inner;
	u8 y;
};
struct c {
	u8 x[3];
	u64 y;
	u8 z[5];
};
struct d {
	u8 x;
	struct {
		u8 y;
		u32 z;
	} inner[2];
	u16 w;
};
struct packed {
	u8 a;
	u16 b;
	u32 c;
	u64 d;
	u8 e;
} __attribute__((packed));
struct half_packed {
	u8 a;
	u32 b __attribute__((packed));
	u16 c;
};
struct aligned_member {
	u8 a;
	u8 b __attribute__((aligned(8)));
	u8 c;
};
struct _Alignas_member {
	u8 a;
	_Alignas(16) u32 b;
};
struct whole {
	u8 a;
	u16 b;
} __attribute__((packed, aligned(4)));
struct around_packed {
	u8 a;
	struct packed b;
	u32 c;
};
struct flexible {
	u32 n;
	u64 items[];
};
struct zero {
	u32 n;
	u8 items[0];
};
struct empty {
};
struct with_empty {
	u8 a;
	struct empty b;
	u8 c;
};
struct pointers {
	u8 a;
	void *b;
	u8 c;
	int (*d)(int);
};

static struct packed packed = { 1, 2, 3, 4, 5 };
static struct b global;

noinline void fill(u8 *bytes, u32 n)
{
	for (u32 i = 0; i < 20; i++)
		if (i < n)
			bytes[i] = i;
}

SEC("xdp") int test(void *ctx)
{
	struct packed p = {};
	struct b b = {};

	EXPECT(2, offset_of(struct a, y));
	EXPECT(4, offset_of(struct a, z));
	EXPECT(8, offset_of(struct a, w));
	EXPECT(12, offset_of(struct a, v));
	EXPECT(16, sizeof(struct a));
	EXPECT(4, offset_of(struct b, inner));
	EXPECT(12, offset_of(struct b, inner.w));
	EXPECT(20, offset_of(struct b, y));
	EXPECT(24, sizeof(struct b));
	EXPECT(8, offset_of(struct c, y));
	EXPECT(16, offset_of(struct c, z));
	EXPECT(24, sizeof(struct c));
	EXPECT(4, offset_of(struct d, inner));
	EXPECT(16, offset_of(struct d, inner[1].z));
	EXPECT(20, offset_of(struct d, w));
	EXPECT(24, sizeof(struct d));
	EXPECT(1, offset_of(struct packed, b));
	EXPECT(3, offset_of(struct packed, c));
	EXPECT(7, offset_of(struct packed, d));
	EXPECT(16, sizeof(struct packed));
	EXPECT(1, offset_of(struct half_packed, b));
	EXPECT(6, offset_of(struct half_packed, c));
	EXPECT(8, sizeof(struct half_packed));
	EXPECT(8, offset_of(struct aligned_member, b));
	EXPECT(16, sizeof(struct aligned_member));
	EXPECT(16, offset_of(struct _Alignas_member, b));
	EXPECT(32, sizeof(struct _Alignas_member));
	EXPECT(16, _Alignof(struct _Alignas_member));
	EXPECT(4, sizeof(struct whole));
	EXPECT(1, offset_of(struct whole, b));
	EXPECT(1, offset_of(struct around_packed, b));
	EXPECT(20, offset_of(struct around_packed, c));
	EXPECT(24, sizeof(struct around_packed));
	EXPECT(8, sizeof(struct flexible));
	EXPECT(8, offset_of(struct flexible, items));
	EXPECT(4, sizeof(struct zero));
	EXPECT(0, sizeof(struct empty));
	EXPECT(2, sizeof(struct with_empty));
	EXPECT(24, offset_of(struct pointers, d));

	// Unaligned members are read and written whole.
	EXPECT(2, packed.b);
	EXPECT(3, packed.c);
	EXPECT(4, packed.d);
	EXPECT(5, packed.e);
	packed.c = U32(0xaabbccdd);
	packed.d = U64(0x1122334455667788);
	EXPECT(0xaabbccdd, packed.c);
	EXPECT(0x1122334455667788, packed.d);
	EXPECT(2, packed.b);
	EXPECT(5, packed.e);
	p.b = U16(0x1234);
	p.c = U32(0x89abcdef);
	p.d = U64(0xfedcba9876543210);
	EXPECT(0x1234, p.b);
	EXPECT(0x89abcdef, p.c);
	EXPECT(0xfedcba9876543210, p.d);
	EXPECT(0, p.a);
	EXPECT(0, p.e);
	p.d += p.c;
	EXPECT(0xfedcbA98ffffffff, p.d);
	EXPECT(0x34, ((u8 *)&p)[1]);
	EXPECT(0x12, ((u8 *)&p)[2]);
	fill((u8 *)&p, 16);
	EXPECT(0x0201, p.b);
	EXPECT(0x06050403, p.c);
	EXPECT(0x0e0d0c0b0a090807, p.d);

	fill((u8 *)&b, sizeof(b));
	EXPECT(0x0706, b.inner.y);
	EXPECT(0x0f0e0d0c, b.inner.w);
	EXPECT(0x10, b.inner.v);
	fill((u8 *)&global, 8);
	EXPECT(4, global.inner.x);
	EXPECT(0, global.inner.w);
	return 0;
}
//~ run == 0
