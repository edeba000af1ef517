// Unnamed objects with initialisers.
#include "expect.h"

struct point {
	s32 x;
	s32 y;
};

struct line {
	struct point from;
	struct point to;
	const char name[4];
};

noinline s32 dot(const struct point *a, const struct point *b)
{
	return a->x * b->x + a->y * b->y;
}

always_inline s32 area(struct point size)
{
	return size.x * size.y;
}

SEC("xdp") int test(void *ctx)
{
	struct point p = (struct point){ 1, 2 };
	struct point *q;
	s32 n = S32(7);
	u32 *list;

	EXPECT(1, p.x);
	p = (struct point){ .y = n };
	EXPECT(0, p.x);
	EXPECT(7, p.y);
	p = (struct point){ p.y, p.x };
	EXPECT(7, p.x);
	EXPECT(0, p.y);
	q = &(struct point){ n, n + 1 };
	EXPECT(8, q->y);
	q->y = 20;
	EXPECT(20, q->y);
	EXPECT(11, dot(&(struct point){ 1, 2 }, &(struct point){ 3, 4 }));
	EXPECT(7 * 3 + 2 * 7, dot(&(struct point){ n, 2 }, &(struct point){ 3, n }));
	EXPECT(56, area((struct point){ n, 8 }));
	EXPECT(9, (struct point){ 8, 9 }.y);
	EXPECT(7, (struct point){ 8, n }.y);
	EXPECT(5, (int){ 5 });
	EXPECT(7, (s64){ n });
	EXPECT(255, (u8){ (u8)(n - 8) });

	list = (u32[]){ 1, n, 3 };
	EXPECT(7, list[1]);
	EXPECT(3, list[2]);
	EXPECT(12, sizeof((u32[]){ 1, 2, 3 }));
	EXPECT(16, sizeof((u32[4]){ 1 }));
	EXPECT(0, ((u32[4]){ 1 })[3]);
	EXPECT(2, (u32[]){ 1, 2 }[1]);
	EXPECT('b', (char[]){ "abc" }[1]);
	EXPECT(4, (struct line){ { 1, 2 }, { 3, 4 }, "abc" }.to.y);
	EXPECT('c', (struct line){ .name = "abc" }.name[2]);
	EXPECT(7, ((struct line){ .to = { .y = n } }).to.y);

	// An object of its own in every iteration.
	for (u32 i = 0; i < 3; i++) {
		struct point *r = &(struct point){ .x = (s32)i };

		EXPECT(i, r->x);
		EXPECT(0, r->y);
		r->y = 1;
	}
	return 0;
}
//~ run == 0
