// Objects of atomic types: what changes them is one operation.
//@ cpu: v3
//@ clang: none: it cannot select atomic loads
#include "expect.h"

static _Atomic u32 word = 5;
static _Atomic(s64) wide = -1;
static struct {
	_Atomic u64 count;
} nested;

SEC("xdp") int test(void *ctx)
{
	_Atomic u32 *pointer = &word;

	EXPECT(5, word);
	EXPECT(5, word++);
	EXPECT(7, ++word);
	EXPECT(7, (*pointer)--);
	EXPECT(5, --word);
	EXPECT(12, word += U32(7));
	EXPECT(2, word -= U32(10));
	EXPECT(10, word |= U32(8));
	EXPECT(8, word &= U32(12));
	EXPECT(15, word ^= U32(7));
	EXPECT(4, wide += U32(5));
	EXPECT(3, wide -= 1);
	EXPECT(-1, wide -= U32(4));
	EXPECT(-1, wide++);
	EXPECT(0, wide);
	nested.count += 3;
	nested.count++;
	EXPECT(4, nested.count);
	word = U32(9);
	EXPECT(9, *pointer);
	EXPECT(9, __atomic_exchange_n(&word, U32(4), __ATOMIC_SEQ_CST));
	EXPECT(4, word);
	return 0;
}
//~ run == 0
