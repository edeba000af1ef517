// __sync and __atomic builtins.
//@ cpu: v3 // atomic operations other than addition
#include "expect.h"

static u32 word;
static u64 wide;
static s64 negative;

struct counter {
	u64 packets;
	u32 errors;
};
static struct counter counter;

SEC("xdp") int test(void *ctx)
{
	u32 local = 10;
	u64 old;

	__sync_fetch_and_add(&word, 5);
	EXPECT(5, word);
	__sync_fetch_and_add(&word, U32(0xffffffff));
	EXPECT(4, word);
	__sync_fetch_and_add(&wide, U64(0x100000000));
	EXPECT(0x100000000, wide);
	__sync_fetch_and_add(&counter.packets, 1);
	__sync_fetch_and_add(&counter.errors, 2);
	EXPECT(1, counter.packets);
	EXPECT(2, counter.errors);
	__sync_fetch_and_add(&negative, -3);
	EXPECT(-3, negative);

	// With the old value.
	EXPECT(4, __sync_fetch_and_add(&word, U32(6)));
	EXPECT(10, word);
	EXPECT(10, __sync_fetch_and_sub(&word, U32(3)));
	EXPECT(7, word);
	old = __sync_fetch_and_add(&wide, 1);
	EXPECT(0x100000000, old);
	EXPECT(0x100000001, __sync_fetch_and_or(&wide, 0xf0));
	EXPECT(0x1000000f1, __sync_fetch_and_and(&wide, U64(0x1000000ff)));
	EXPECT(0x1000000f1, __sync_fetch_and_xor(&wide, U64(0x100000001)));
	EXPECT(0xf0, wide);
	EXPECT(7, __sync_fetch_and_or(&word, 8));
	EXPECT(15, __sync_fetch_and_and(&word, 6));
	EXPECT(6, __sync_fetch_and_xor(&word, U32(0xffffffff)));
	EXPECT(0xfffffff9, word);
	EXPECT(-3, __sync_fetch_and_add(&negative, 1));

	// Exchange and compare.
	EXPECT(0xfffffff9, __sync_lock_test_and_set(&word, 1));
	EXPECT(1, word);
	EXPECT(1, __sync_val_compare_and_swap(&word, 1, 2));
	EXPECT(2, word);
	EXPECT(2, __sync_val_compare_and_swap(&word, 1, 3));
	EXPECT(2, word);
	EXPECT(0xf0, __sync_val_compare_and_swap(&wide, 0xf0, U64(0x123456789abc)));
	EXPECT(0x123456789abc, wide);
	EXPECT(0x123456789abc, __sync_lock_test_and_set(&wide, U64(7)));
	EXPECT(7, wide);
	EXPECT(10, __sync_fetch_and_add(&local, 1));
	EXPECT(11, local);

	EXPECT(11, __atomic_fetch_add(&local, 4, __ATOMIC_RELAXED));
	EXPECT(15, local);
	EXPECT(15, __atomic_exchange_n(&local, 20, __ATOMIC_SEQ_CST));
	EXPECT(20, local);
	EXPECT(20, __atomic_fetch_or(&local, 1, __ATOMIC_RELAXED));
	EXPECT(21, __atomic_fetch_and(&local, 0x14, __ATOMIC_RELAXED));
	EXPECT(20, local);
	return 0;
}
//~ run == 0
