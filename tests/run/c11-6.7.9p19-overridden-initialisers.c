// Later items override earlier ones: a list in braces all of its part, a designator its own.
#include "expect.h"

struct pair {
	s32 a;
	s32 b;
};
struct nest {
	struct pair first;
	struct pair list[3];
	u32 low : 4;
	u32 high : 12;
};
union either {
	u64 whole;
	u8 byte;
	struct pair pair;
};
struct holder {
	u8 before;
	union either u;
	union {
		u32 number;
		u16 half;
	};
};

static struct pair whole[2] = { [0] = { 1, 2 }, [1] = { 3, 4 }, [0] = { 5 } };
static struct pair part[2] = { [0] = { 1, 2 }, [1] = { 3, 4 }, [0].a = 5 };
static struct pair range[4] = { [0 ... 3] = { 1, 2 }, [1 ... 2] = { .b = 7 } };
static struct pair rows[3][2] = { [0 ... 2] = { { 1, 2 }, { 3, 4 } }, [1] = { [1] = { 9 } } };
static struct pair emptied[2] = { { 1, 2 }, { 3, 4 }, [0] = {} };
static struct nest nest = {
	.first = { 1, 2 },
	.list = { { 1, 1 }, { 2, 2 }, { 3, 3 } },
	.low = 5,
	.high = 6,
	.list[1] = { .b = 8 },
	.first = { .b = 4 },
	.low = 9,
};
static struct nest replaced = { .list = { { 1, 1 }, { 2, 2 } }, .list = { [1] = { 7 } } };
static union either last = { .whole = ~0ull, .byte = 3 };
static union either same = { .pair.a = 1, .pair.b = 2 };
static struct holder holder = { 1, { .whole = ~0ull }, .u = { .byte = 2 }, .number = ~0u, .half = 4 };

noinline s32 locals(s32 v)
{
	struct pair range[4] = { [0 ... 3] = { v, v + 1 }, [1 ... 2] = { .b = v + 2 } };
	struct pair whole[2] = { { v, v }, { v, v }, [0] = { v + 1 } };
	struct nest nest = { .first = { v, v }, .list = { { v, v }, { v, v } }, .list[0] = { .b = v } };
	union either last = { .whole = ~0ull, .byte = v };

	EXPECT(v, range[0].a);
	EXPECT(0, range[1].a);
	EXPECT(v + 2, range[2].b);
	EXPECT(v + 1, range[3].b);
	EXPECT(v + 1, whole[0].a);
	EXPECT(0, whole[0].b);
	EXPECT(v, whole[1].b);
	EXPECT(v, nest.first.b);
	EXPECT(0, nest.list[0].a);
	EXPECT(v, nest.list[0].b);
	EXPECT(v, nest.list[1].a);
	EXPECT(v, last.byte);
	return 0;
}

SEC("xdp") int test(void *ctx)
{
	EXPECT(5, whole[0].a);
	EXPECT(0, whole[0].b);
	EXPECT(4, whole[1].b);
	EXPECT(5, part[0].a);
	EXPECT(2, part[0].b);
	EXPECT(2, range[0].b);
	EXPECT(0, range[1].a);
	EXPECT(7, range[2].b);
	EXPECT(1, range[3].a);
	EXPECT(4, rows[0][1].b);
	EXPECT(0, rows[1][0].a);
	EXPECT(9, rows[1][1].a);
	EXPECT(0, rows[1][1].b);
	EXPECT(3, rows[2][1].a);
	EXPECT(0, emptied[0].b);
	EXPECT(4, emptied[1].b);
	EXPECT(0, nest.first.a);
	EXPECT(4, nest.first.b);
	EXPECT(1, nest.list[0].a);
	EXPECT(0, nest.list[1].a);
	EXPECT(8, nest.list[1].b);
	EXPECT(3, nest.list[2].b);
	EXPECT(9, nest.low);
	EXPECT(6, nest.high);
	EXPECT(0, replaced.list[0].a);
	EXPECT(7, replaced.list[1].a);
	EXPECT(0, replaced.list[1].b);
	EXPECT(3, last.byte);
	EXPECT(1, same.pair.a);
	EXPECT(2, same.pair.b);
	EXPECT(2, holder.u.byte);
	EXPECT(4, holder.half);
	return locals(S32(6));
}
//~ run == 0
