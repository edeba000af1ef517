// The forms of atomic builtins that pass values in memory.
//@ cpu: v3
//@ clang: none: it cannot select atomic loads
#include "expect.h"

SEC("xdp") int test(void *ctx)
{
	u32 object = U32(3), value = 7, result = 0;
	u64 wide = 1, expected = 2, desired = 9;
	u8 byte = 1;

	__atomic_exchange(&object, &value, &result, __ATOMIC_RELAXED);
	EXPECT(7, object);
	EXPECT(3, result);
	__atomic_load(&object, &result, __ATOMIC_ACQUIRE);
	EXPECT(7, result);
	value = 11;
	__atomic_store(&object, &value, __ATOMIC_RELEASE);
	EXPECT(11, object);
	EXPECT(0, __atomic_compare_exchange(&wide, &expected, &desired, 0, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED));
	EXPECT(1, expected);
	EXPECT(1, wide);
	EXPECT(1, __atomic_compare_exchange(&wide, &expected, &desired, 0, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED));
	EXPECT(9, wide);
	__atomic_clear(&byte, __ATOMIC_SEQ_CST);
	EXPECT(0, byte);
	EXPECT(1, __atomic_always_lock_free(8, 0));
	EXPECT(0, __atomic_always_lock_free(3, 0));
	return 0;
}
//~ run == 0
