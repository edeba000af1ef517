// What the optimiser knows, and the kernel's verifier does not, must not cost a check that the
// verifier needs.
//@ clang: none: it drops the masks that the kernel would need
//@ cpu: v3 // atomic operations
//@ kernel: -O2 // atomic operations at places of the stack that are computed
#include "expect.h"

static volatile u32 seed = 100;
static u32 table[8] = { 10, 11, 12, 13, 14, 15, 16, 17 };

// The verifier knows nothing of the results of divisions.
noinline u32 by_remainder(u32 n)
{
	return table[n % 7 & 7];
}

noinline u32 by_quotient(u8 n)
{
	return table[n / 32 & 7];
}

noinline u32 by_checked_remainder(u64 n)
{
	u64 index = n % 5;

	if (index >= 8)
		return 0;
	return table[index];
}

// An address outside of the object, on a path that is never taken.
noinline u32 far_away(u32 n)
{
	u32 *p = table;

	if (n > 1000000)
		p += 65532;
	return n > 1000000 ? p == table : *p;
}

// Only the lowest bit of the difference counts, but it is made of two pointers.
noinline u64 distance(u64 a, u64 b)
{
	return (u64)(&table[a & 7] - &table[b & 1]) << 63;
}

// What is learnt of a parameter of 32 bits holds for the 64 that are added to an address.
noinline u32 by_parameter(u32 n)
{
	if (n > 7)
		return 0;
	return table[n];
}

SEC("xdp") int test(void *ctx)
{
	u64 places[4] = { 1, 2, 3, 4 };
	u32 words[4] = { 1, 2, 3, 4 };

	EXPECT(12, by_remainder(seed));
	EXPECT(13, by_quotient(seed));
	EXPECT(10, by_checked_remainder(seed));
	EXPECT(10, far_away(seed));
	EXPECT(14, by_parameter(seed - 96));

	EXPECT(1ull << 63, distance(seed + 1, seed));

	// The verifier wants atomic operations on the stack at places that it knows.
	EXPECT(2, __sync_fetch_and_add(&places[seed - 99 & 3], 5));
	EXPECT(7, places[1]);
	EXPECT(7, __sync_lock_test_and_set(&places[seed - 99 & 3], 0xf0));
	EXPECT(0xf0, __sync_fetch_and_or(&places[seed - 99 & 3], 0x0f));
	EXPECT(0xff, __sync_fetch_and_and(&places[seed - 99 & 3], 0x3c));
	EXPECT(0x3c, __sync_fetch_and_xor(&places[seed - 99 & 3], 0xff));
	EXPECT(0xc3, __sync_val_compare_and_swap(&places[seed - 99 & 3], 0xc3, 1));
	EXPECT(1, __sync_val_compare_and_swap(&places[seed - 99 & 3], 2, 3));
	EXPECT(1, places[1]);
	EXPECT(3, __sync_val_compare_and_swap(&words[seed & 2 | 2], 3, -1));
	EXPECT(U32(-1), words[2]);
	return 0;
}
//~ run == 0
