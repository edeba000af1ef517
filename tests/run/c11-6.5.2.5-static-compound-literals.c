// Compound literals outside of functions: objects that static pointers can have the address of.
// The kernel fills in no addresses in data, so there the pointers must be gone.
//@ kernel: -O2
#include "expect.h"

struct point {
	s32 x, y[4];
};

static struct point *const literal = &(struct point){ 8, { [3] = 9 } };
static const s32 *const numbers = (const s32[]){ 5, 6, 7 };

SEC("xdp") int test(void *ctx)
{
	EXPECT(9, literal->y[3]);
	EXPECT(8, literal->x);
	EXPECT(7, numbers[2]);
	return 0;
}
//~ run == 0
