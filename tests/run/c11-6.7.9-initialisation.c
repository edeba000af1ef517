// Initialisers: nested, flat, designated, overridden, with sizes taken from them.
#include "expect.h"

struct point {
	s32 x;
	s32 y;
};
struct shape {
	u8 kind;
	struct point corners[3];
	union {
		u32 number;
		u8 octets[4];
	} id;
	const char name[6];
	struct {
		u16 low;
		u16 high;
	};
};

static struct point origin;
static struct point flat[] = { 1, 2, 3, 4, 5 };
static struct point braced[] = { { 1, 2 }, { .y = 4 }, { 5 } };
static u32 sparse[] = { [5] = 50, 60, [1] = 10, 20 };
static u32 overridden[4] = { 1, 2, 3, 4, [1] = 20, [1] = 200 };
static struct shape global = {
	.kind = 3,
	.corners = { [1] = { 10, 20 }, [2].y = 30 },
	.id.octets = { 1, 2, 3, 4 },
	.name = "shape",
	.high = 77,
};
static u8 partial[2][3] = { { 1 }, { 2, 3 } };
static u8 rows[2][3] = { 1, 2, 3, 4 };
static u8 designated_rows[][2] = { [2] = { 5, 6 }, [0][1] = 7 };
static struct {
	u32 n;
	u16 list[4];
	u8 tail;
} counted = { 1, 2, 3, 4, 5, 6 };

SEC("xdp") int test(void *ctx)
{
	s32 v = S32(9);
	struct point p = { v, v + 1 }, q = { .y = v }, r = {}, copy = p;
	struct shape s = { 1, { { 2, 3 }, { v } }, { 5 }, "ab", { 6, 7 } };
	struct shape empty = { 0 };
	u32 list[4] = { v, [3] = v * 2 };
	struct point pair[2] = { p, { 1, v } };
	u8 bytes[] = { v, 1, v };
	u32 scalar = { 3 };
	struct shape nested = { .corners[1].x = v, .corners[1].y = 4, .kind = 5 };
	u32 first = 1, second = first + 1;
	char text[10] = { "text" };
	struct {
		struct point inner;
		u32 after;
	} mix = { p, 5 }, out = { .inner.x = 9, .inner.y = 100 };

	EXPECT(0, origin.x + origin.y);
	EXPECT(3, n_elements(flat));
	EXPECT(4, flat[1].y);
	EXPECT(5, flat[2].x);
	EXPECT(0, flat[2].y);
	EXPECT(0, braced[1].x);
	EXPECT(4, braced[1].y);
	EXPECT(5, braced[2].x);
	EXPECT(7, n_elements(sparse));
	EXPECT(0, sparse[0]);
	EXPECT(10, sparse[1]);
	EXPECT(20, sparse[2]);
	EXPECT(0, sparse[3]);
	EXPECT(60, sparse[6]);
	EXPECT(200, overridden[1]);
	EXPECT(3, overridden[2]);
	EXPECT(3, global.kind);
	EXPECT(0, global.corners[0].y);
	EXPECT(20, global.corners[1].y);
	EXPECT(30, global.corners[2].y);
	EXPECT(0x04030201, global.id.number);
	EXPECT('e', global.name[4]);
	EXPECT(77, global.high);
	EXPECT(0, global.low);
	EXPECT(0, partial[0][1]);
	EXPECT(3, partial[1][1]);
	EXPECT(4, rows[1][0]);
	EXPECT(0, rows[1][1]);
	EXPECT(6, sizeof(designated_rows));
	EXPECT(7, designated_rows[0][1]);
	EXPECT(6, designated_rows[2][1]);
	EXPECT(5, counted.list[3]);
	EXPECT(6, counted.tail);

	EXPECT(10, p.y);
	EXPECT(0, q.x);
	EXPECT(9, q.y);
	EXPECT(0, r.x + r.y);
	EXPECT(9, copy.x);
	EXPECT(3, s.corners[0].y);
	EXPECT(9, s.corners[1].x);
	EXPECT(0, s.corners[1].y);
	EXPECT(0, s.corners[2].x);
	EXPECT(5, s.id.octets[0]);
	EXPECT('b', s.name[1]);
	EXPECT(0, s.name[2]);
	EXPECT(7, s.high);
	EXPECT(0, empty.high + empty.kind + empty.corners[2].y + empty.name[5]);
	EXPECT(9, list[0]);
	EXPECT(0, list[1]);
	EXPECT(18, list[3]);
	EXPECT(10, pair[0].y);
	EXPECT(9, pair[1].y);
	EXPECT(3, sizeof(bytes));
	EXPECT(9, bytes[2]);
	EXPECT(3, scalar);
	EXPECT(9, nested.corners[1].x);
	EXPECT(4, nested.corners[1].y);
	EXPECT(0, nested.corners[2].x);
	EXPECT(5, nested.kind);
	EXPECT(2, second);
	EXPECT('t', text[3]);
	EXPECT(0, text[9]);
	EXPECT(10, mix.inner.y);
	EXPECT(5, mix.after);
	EXPECT(100, out.inner.y);
	return 0;
}
//~ run == 0
