// Sequentially consistent stores are full barriers, exchanges of 4 and 8 bytes; loads are acquires.
//@ cpu: v3 // atomic operations other than addition
//@ clang: none: clang 19 cannot select atomic loads and stores
#include "expect.h"

static u64 wide;
static u32 word;
static u16 half;
static u8 byte = 1;
static s32 order = 5;

SEC("xdp") int test(void *ctx)
{
	__atomic_store_n(&wide, 0x123456789abcdef0, __ATOMIC_SEQ_CST);
	EXPECT(0x123456789abcdef0, __atomic_load_n(&wide, __ATOMIC_SEQ_CST));
	__atomic_store_n(&word, 7, order);
	EXPECT(7, __atomic_load_n(&word, order));
	__atomic_store_n(&half, 0x12345, __ATOMIC_SEQ_CST);
	EXPECT(0x2345, __atomic_load_n(&half, __ATOMIC_SEQ_CST));
	__atomic_clear(&byte, __ATOMIC_SEQ_CST);
	EXPECT(0, byte);
	return 0;
}
//~ run == 0
