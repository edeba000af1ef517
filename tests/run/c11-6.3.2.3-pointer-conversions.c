// Pointers become integers and other pointers, and come back the same.
#include "expect.h"

struct pair {
	u32 a;
	u32 b;
};

static struct pair pairs[4] = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } };
static u8 __attribute__((aligned(8))) bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

always_inline u32 sum(const void *data, u32 n)
{
	const u8 *p = data;
	u32 total = 0;

#pragma unroll
	for (u32 i = 0; i < 8; i++)
		if (i < n)
			total += p[i];
	return total;
}

SEC("xdp") int test(void *ctx)
{
	struct pair local = { U32(10), U32(20) };
	void *any = &local;
	const void *constant = any;
	struct pair *back = any;
	struct pair *first = pairs;
	u8 *low = (u8 *)&local;

	EXPECT(1, back == &local);
	EXPECT(1, any == constant);
	EXPECT(10, back->a);
	EXPECT(20, ((const struct pair *)constant)->b);
	EXPECT(20, *(u32 *)((char *)any + 4));
	EXPECT(20, *(u32 *)(any + 4));
	EXPECT(10, low[0]);
	EXPECT(0, low[1]);
	EXPECT(20, low[4]);
	low[5] = 1;
	EXPECT(276, local.b);

	EXPECT(1, (void *)&local == (void *)&local.a);
	EXPECT(1, (void *)first == (void *)&pairs[0].a);
	EXPECT(4, ((struct pair *)((char *)first + sizeof(struct pair)))->b);
	EXPECT(36, sum(bytes, U32(8)));
	EXPECT(6, sum(bytes, U32(3)));
	EXPECT(0x04030201, *(u32 *)bytes);
	EXPECT(0x0807060504030201, *(u64 *)bytes);

	// Null.
	EXPECT(1, (void *)0 == 0);
	EXPECT(0, !&local);
	EXPECT(1, !!any);
	back = 0;
	EXPECT(1, !back);
	EXPECT(1, back == (void *)0);
	back = U32(1) ? &local : (void *)0;
	EXPECT(1, back == &local);

	// An array and a function are pointers where a pointer is wanted.
	EXPECT(1, (void *)bytes == (void *)&bytes);
	EXPECT(1, bytes == &bytes[0]);
	EXPECT(8, sizeof(bytes));
	EXPECT(8, sizeof(&bytes));
	EXPECT(1, sizeof(*bytes));
	EXPECT(8, sizeof(*&bytes));
	return 0;
}
//~ run == 0
