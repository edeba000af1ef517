// Loads and stores with an order: plain accesses before v4, load_acquire and store_release in v4 (Linux 6.15).
//@ since: 6.15 (load_acquire)
//@ clang: none: clang 19 cannot select atomic loads and stores
#include "expect.h"

static u64 wide = 0x1122334455667788;
static u32 word = 0x99aabbcc;
static u16 half = 0xddee;
static u8 byte = 0xff;
static s8 negative = -2;
static s32 negative_word = -3;
static int flag;
static int *pointer;

SEC("xdp") int test(void *ctx)
{
	u64 value, on_stack = 7;
	u8 small;

	EXPECT(0x1122334455667788, __atomic_load_n(&wide, __ATOMIC_ACQUIRE));
	EXPECT(U64(0x99aabbcc), (u64)__atomic_load_n(&word, __ATOMIC_ACQUIRE));
	EXPECT(0xddee, __atomic_load_n(&half, __ATOMIC_ACQUIRE));
	EXPECT(0xff, __atomic_load_n(&byte, __ATOMIC_CONSUME));
	EXPECT(0xff, __atomic_load_n(&byte, __ATOMIC_RELAXED));
	// The instruction extends by zeros, whatever the type.
	EXPECT(-2, (s64)__atomic_load_n(&negative, __ATOMIC_ACQUIRE));
	EXPECT(-3, (s64)__atomic_load_n(&negative_word, __ATOMIC_ACQUIRE));
	EXPECT(-3, (s64)__atomic_load_n(&negative_word, __ATOMIC_RELAXED));
	__atomic_store_n(&wide, 0x123456789abcdef0, __ATOMIC_RELEASE);
	EXPECT(0x123456789abcdef0, wide);
	__atomic_store_n(&word, word + 1, __ATOMIC_RELEASE);
	EXPECT(U64(0x99aabbcd), (u64)word);
	__atomic_store_n(&half, 0x12345, __ATOMIC_RELEASE);
	EXPECT(0x2345, half);
	__atomic_store_n(&byte, 0x1ff, __ATOMIC_RELEASE);
	EXPECT(0xff, byte);
	__atomic_store_n(&negative, -9, __ATOMIC_RELEASE);
	EXPECT(-9, negative);
	__atomic_load(&wide, &value, __ATOMIC_ACQUIRE);
	EXPECT(0x123456789abcdef0, value);
	value = 5;
	__atomic_store(&wide, &value, __ATOMIC_RELEASE);
	EXPECT(5, wide);
	small = __atomic_load_n(&byte, __ATOMIC_ACQUIRE);
	EXPECT(0xff, small);
	__atomic_clear(&byte, __ATOMIC_RELEASE);
	EXPECT(0, byte);
	__sync_lock_release(&word);
	EXPECT(0, word);
	// On the frame, which nobody else sees.
	__atomic_store_n(&on_stack, 9, __ATOMIC_RELEASE);
	EXPECT(9, __atomic_load_n(&on_stack, __ATOMIC_ACQUIRE));
	// What was stored before is there before the flag, which was stored twice.
	half = 1;
	__atomic_store_n(&flag, 1, __ATOMIC_RELEASE);
	half = 2;
	__atomic_store_n(&flag, 2, __ATOMIC_RELEASE);
	EXPECT(2, __atomic_load_n(&flag, __ATOMIC_ACQUIRE));
	EXPECT(2, half);
	__atomic_store_n(&pointer, &flag, __ATOMIC_RELEASE);
	EXPECT(1, __atomic_load_n(&pointer, __ATOMIC_ACQUIRE) == &flag);
	return 0;
}
//~ run == 0
