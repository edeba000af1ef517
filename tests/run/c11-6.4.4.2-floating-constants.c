// Floating constants that become integers before BPF sees them.
#include "expect.h"

_Static_assert((int)(1.5 * 2) == 3, "product");
_Static_assert((int)-1.9 == -1, "towards zero");
_Static_assert((int)(7 / 2.0 * 2) == 7, "mixed");
_Static_assert((long)1e18 == 1000000000000000000L, "large");
_Static_assert(_Generic(1.0f, float: 1, double: 0), "suffix");
_Static_assert(_Generic(1.0, float: 0, double: 1), "no suffix");
_Static_assert(_Generic(1.0f + 1, float: 1, double: 0), "float and int");
_Static_assert(_Generic(1.0f * 2.0, float: 0, double: 1), "float and double");
_Static_assert(sizeof(1.0f) == 4 && sizeof(1.0) == 8, "sizes");

enum { SECOND = (int)(1e9), HALF = (int)(0.5 * 100) };
static const u64 interval = 2.5 * SECOND;
static u8 room[(int)3.7];

SEC("xdp") int test(void *ctx)
{
	s32 truncated = -2.7;
	u64 sum = U64(1);

	EXPECT(50, HALF);
	EXPECT(2500000000ll, interval);
	EXPECT(3, sizeof(room));
	EXPECT(-2, truncated);
	sum += (u64)(1.5 * 4);
	EXPECT(7, sum);
	EXPECT(1, 1.5 > 1.0);
	EXPECT(0, 0.1f == 0.1);
	EXPECT(1, (int)(0.1f * 10 + 0.5f));
	EXPECT(2, 0.5 ? 2 : 3);
	EXPECT(1, !0.0);
	EXPECT(1, (_Bool)0.25);
	EXPECT(0, 0.25 && 0.0);
	if (2.5 < 2)
		return 1;
	return 0;
}
//~ run == 0
