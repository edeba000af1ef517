// `&` and `*`: objects are shared through pointers.
#include "expect.h"

struct node {
	u32 value;
	struct node *next;
};

static u32 global = 5;
static struct node static_node = { 9 };

noinline void add_to(u32 *p, u32 n)
{
	*p += n;
}

noinline void store_all(u8 *a, u16 *b, u32 *c, u64 *d)
{
	*a = 0xaa;
	*b = 0xbbbb;
	*c = 0xcccccccc;
	*d = 0xdddddddddddddddd;
}

always_inline void exchange(u32 *a, u32 *b)
{
	u32 old = *a;

	*a = *b;
	*b = old;
}

always_inline u32 *larger(u32 *a, u32 *b)
{
	return *a > *b ? a : b;
}

SEC("xdp") int test(void *ctx)
{
	u32 x = U32(1), y = U32(2);
	u32 *p = &x, *q = &y, **pp = &p;
	u32 array[3] = { 10, 20, 30 };
	u32(*whole)[3] = &array;
	struct node c = { 3 }, b = { 2, &c }, a = { 1, &b };
	u8 n8;
	u16 n16;
	u32 n32;
	u64 n64;

	*p = 10;
	EXPECT(10, x);
	**pp += 5;
	EXPECT(15, x);
	*pp = q;
	*p = 20;
	EXPECT(15, x);
	EXPECT(20, y);
	EXPECT(1, &*p == p);
	EXPECT(1, *&y == y);
	p = &x;
	add_to(p, U32(100));
	EXPECT(115, x);
	add_to(&array[1], 1);
	EXPECT(21, array[1]);
	add_to(&global, U32(7));
	EXPECT(12, global);
	EXPECT(30, (*whole)[2]);
	EXPECT(1, &(*whole)[0] == array);
	exchange(&x, &y);
	EXPECT(20, x);
	EXPECT(115, y);
	exchange(&array[0], &array[2]);
	EXPECT(30, array[0]);
	*larger(&x, &y) = 0;
	EXPECT(0, y);
	EXPECT(20, x);

	EXPECT(2, a.next->value);
	EXPECT(3, a.next->next->value);
	EXPECT(1, !a.next->next->next);
	a.next->next->value = U32(33);
	EXPECT(33, c.value);
	EXPECT(9, static_node.value);
	EXPECT(1, !static_node.next);

	store_all(&n8, &n16, &n32, &n64);
	EXPECT(0xaa, n8);
	EXPECT(0xbbbb, n16);
	EXPECT(0xcccccccc, n32);
	EXPECT(0xdddddddddddddddd, n64);
	*(u8 *)&n32 = 0x11;
	EXPECT(0xcccccc11, n32);
	*((u8 *)&n32 + 3) = 0x22;
	EXPECT(0x22cccc11, n32);
	*(u16 *)&n64 = 0;
	EXPECT(0xdddddddddddd0000, n64);
	EXPECT(0xdddddddd, *((u32 *)&n64 + 1));
	return 0;
}
//~ run == 0
