// Constants in the text of assembly: offsets of members, also of those that the kernel may move.
#include "expect.h"

struct moved {
	u64 a;
	u32 b[4];
} __attribute__((preserve_access_index));

#define offset(type, member) ((unsigned long)&((type *)0)->member)

static int lengths[offset(struct moved, b[1])];

SEC("socket") int test(void *ctx)
{
	u64 value = 0, other = 0;

#ifdef HOST
	value = offset(struct moved, b[1]) + 1;
	other = offset_of(struct moved, b);
#else
	asm volatile("%0 = %1" : "=r"(value) : "i"(offset(struct moved, b[1]) + 1));
	asm volatile("%0 = %1" : "=r"(other) : "i"(offset_of(struct moved, b)));
#endif
	EXPECT(13, value);
	EXPECT(8, other);
	EXPECT(12, n_elements(lengths));
	return 0;
}
//~ run == 0
