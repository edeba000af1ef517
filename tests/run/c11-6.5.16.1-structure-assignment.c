// Structures of every size are copied as a whole.
#include "expect.h"

struct one {
	u8 a;
};
struct three {
	u8 a[3];
};
struct seven {
	u32 a;
	u16 b;
	u8 c;
} __attribute__((packed));
struct sixteen {
	u64 a;
	u32 b;
	u16 c;
	u8 d[2];
};
struct large {
	u64 words[12];
	struct sixteen inner;
	u8 tail;
};
union any {
	u32 word;
	u8 bytes[4];
};

static struct one global_one;
static struct three global_three;
static struct seven global_seven;
static struct sixteen global_sixteen = { 1, 2, 3, { 4, 5 } };
static struct large global_large;
static struct sixteen list[3];

noinline void copy(struct sixteen *to, const struct sixteen *from)
{
	*to = *from;
}

noinline u64 sum(const struct large *l)
{
	u64 total = l->tail + l->inner.a + l->inner.d[1];

	for (u32 i = 0; i < 12; i++)
		total += l->words[i];
	return total;
}

SEC("xdp") int test(void *ctx)
{
	struct one one = { U8(7) }, one2;
	struct three three = { { 1, U8(2), 3 } }, three2;
	struct seven seven = { U32(0x12345678), U16(0x9abc), U8(0xde) }, seven2;
	struct sixteen sixteen, sixteen2;
	struct large large = {};
	union any any, any2;
	u32 i = U32(2);

	one2 = one;
	one.a = 0;
	EXPECT(7, one2.a);
	global_one = one2;
	EXPECT(7, global_one.a);
	three2 = three;
	EXPECT(2, three2.a[1]);
	EXPECT(3, three2.a[2]);
	global_three = three2;
	EXPECT(1, global_three.a[0]);
	seven2 = seven;
	seven.b = 0;
	EXPECT(0x12345678, seven2.a);
	EXPECT(0x9abc, seven2.b);
	EXPECT(0xde, seven2.c);
	global_seven = seven;
	EXPECT(0, global_seven.b);
	EXPECT(0xde, global_seven.c);

	sixteen = global_sixteen;
	EXPECT(1, sixteen.a);
	EXPECT(2, sixteen.b);
	EXPECT(3, sixteen.c);
	EXPECT(5, sixteen.d[1]);
	sixteen2 = sixteen;
	sixteen2.b = U32(20);
	EXPECT(2, sixteen.b);
	sixteen = sixteen2;
	EXPECT(20, sixteen.b);
	copy(&sixteen2, &global_sixteen);
	EXPECT(2, sixteen2.b);
	copy(&list[1], &sixteen);
	EXPECT(20, list[1].b);
	EXPECT(0, list[0].b);
	if (i < 3)
		list[i] = list[1];
	EXPECT(20, list[2].b);
	EXPECT(5, list[2].d[1]);
	// A chain, and an expression that is a structure.
	sixteen = sixteen2 = list[0];
	EXPECT(0, sixteen.a);
	EXPECT(0, sixteen2.b);
	EXPECT(20, (sixteen = list[1]).b);
	sixteen = sixteen;
	EXPECT(20, sixteen.b);

	large.words[11] = U64(100);
	large.inner = sixteen;
	large.tail = 9;
	global_large = large;
	EXPECT(100, global_large.words[11]);
	EXPECT(0, global_large.words[10]);
	EXPECT(20, global_large.inner.b);
	EXPECT(9, global_large.tail);
	EXPECT(9 + 1 + 5 + 100, sum(&large));
	EXPECT(115, sum(&global_large));
	any.word = U32(0x04030201);
	any2 = any;
	EXPECT(3, any2.bytes[2]);
	return 0;
}
//~ run == 0
