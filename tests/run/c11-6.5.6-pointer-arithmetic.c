// Pointers count in elements.
#include "expect.h"

struct record {
	u32 a;
	u8 b[8];
};

static u16 numbers[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
static struct record records[3] = { { 1, "a" }, { 2, "b" }, { 3, "c" } };

noinline u64 sum(const u16 *from, u32 n)
{
	u64 total = 0;

	for (u32 i = 0; i < 3; i++) {
		if (i >= n)
			break;
		total += *from++;
	}
	return total;
}

SEC("xdp") int test(void *ctx)
{
	u32 local[6] = { 10, 11, 12, 13, 14, 15 };
	u64 wide[3] = { 1, 2, 3 };
	u32 *p = local, *q = local + 6;
	struct record *r = records;
	u16 *n = numbers;
	void *v = local;
	char *c = (char *)wide;

	EXPECT(11, *(p + 1));
	EXPECT(11, *(1 + p));
	EXPECT(15, q[-1]);
	EXPECT(15, *(q - 1));
	EXPECT(6, q - p);
	EXPECT(-6, p - q);
	EXPECT(24, (char *)q - (char *)p);
	EXPECT(24, (void *)q - (void *)p);
	EXPECT(8, (u64)(p + 2) - (u64)p);
	p += 2;
	EXPECT(12, *p);
	EXPECT(2, p - local);
	p -= 1;
	EXPECT(11, *p);
	EXPECT(13, *(p += 2));
	EXPECT(5, &local[5] - &local[0]);
	EXPECT(2, &wide[2] - wide);
	EXPECT(3, *(u64 *)(c + 16));
	EXPECT(2, *(u64 *)(c + sizeof(u64)));
	EXPECT(14, *(u32 *)(v + 16));
	v += 4;
	EXPECT(11, *(u32 *)v);

	EXPECT(3, (r + 2)->a);
	EXPECT('b', r[1].b[0]);
	r++;
	EXPECT(2, r->a);
	EXPECT(1, r - records);
	EXPECT(1, r[-1].a);
	EXPECT(12, (char *)&records[2] - (char *)r);
	EXPECT(2, &records[2] - records);

	EXPECT(3, *(n + 3));
	EXPECT(3, sum(numbers, U32(3)));
	EXPECT(3 + 4, sum(n + 3, U32(2)));
	EXPECT(0, sum(n + 5, U32(0)));

	// Order and equality within one array.
	p = local;
	EXPECT(1, p < q);
	EXPECT(1, p <= q);
	EXPECT(0, p > q);
	EXPECT(0, p >= q);
	EXPECT(0, p == q);
	EXPECT(1, p != q);
	EXPECT(1, p + 6 == q);
	EXPECT(1, &local[2] > &local[1]);
	EXPECT(1, (void *)&local[0] == (void *)local);
	return 0;
}
//~ run == 0
