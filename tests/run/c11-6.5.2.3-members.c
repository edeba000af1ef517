// Members through `.` and `->`, nested, anonymous, and in arrays.
#include "expect.h"

struct inner {
	u16 low;
	u16 high;
};

struct outer {
	u8 tag;
	struct inner inner;
	struct inner *link;
	union {
		u32 word;
		u8 octets[4];
	};
	struct {
		u64 first;
		u64 second;
	};
	struct inner list[2];
};

static struct outer global;

always_inline u32 both(const struct inner *inner)
{
	return inner->high << 16 | inner->low;
}

noinline void fill(struct outer *o, u32 seed)
{
	o->tag = seed;
	o->inner.low = seed + 1;
	o->inner.high = seed + 2;
	o->word = seed * 0x01010101;
	o->first = seed + 3;
	o->second = seed + 4;
	o->list[0].low = seed + 5;
	o->list[1].high = seed + 6;
}

SEC("xdp") int test(void *ctx)
{
	struct outer local = {};
	struct outer *p = &local;
	u32 i = U32(1);

	fill(&local, U32(10));
	EXPECT(10, local.tag);
	EXPECT(11, p->inner.low);
	EXPECT(12, (*p).inner.high);
	EXPECT(10 * 0x01010101, p->word);
	EXPECT(10, p->octets[3]);
	EXPECT(13, p->first);
	EXPECT(14, local.second);
	EXPECT(15, p->list[0].low);
	EXPECT(0, p->list[1].low);
	EXPECT(16, p->list[1].high);
	if (i >= 2)
		return __LINE__;
	EXPECT(16, p->list[i].high);
	EXPECT(12 << 16 | 11, both(&p->inner));
	EXPECT(16 << 16, both(p->list + i));

	fill(&global, U32(20));
	EXPECT(20, global.tag);
	EXPECT(22, (&global)->inner.high);
	EXPECT(26, global.list[1].high);
	EXPECT(23, global.first);

	local.link = &local.list[1];
	EXPECT(16, p->link->high);
	p->link->low = U16(99);
	EXPECT(99, local.list[1].low);
	p->octets[2] = U8(0xff);
	EXPECT(0x0aff0a0a, local.word);
	local.inner.low++;
	EXPECT(12, p->inner.low);
	p->inner.high -= 5;
	EXPECT(7, local.inner.high);

	EXPECT(2, sizeof(p->inner.low));
	EXPECT(4, sizeof(local.list[0]));
	EXPECT(2, offset_of(struct outer, inner));
	EXPECT(8, offset_of(struct outer, link));
	EXPECT(16, offset_of(struct outer, word));
	EXPECT(18, offset_of(struct outer, octets[2]));
	EXPECT(24, offset_of(struct outer, first));
	EXPECT(40, offset_of(struct outer, list));
	EXPECT(46, offset_of(struct outer, list[1].high));
	EXPECT(48, sizeof(struct outer));
	EXPECT(46, (char *)&p->list[1].high - (char *)p);
	return 0;
}
//~ run == 0
