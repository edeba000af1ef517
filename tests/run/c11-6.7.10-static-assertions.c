// Assertions about constants, anywhere a declaration may stand.
#include "expect.h"

_Static_assert(sizeof(u32) == 4, "u32 has four bytes");
_Static_assert(1 + 1 == 2 && !0, "arithmetic");
_Static_assert((u8)256 == 0, "casts");
_Static_assert(-1 < 0 && -1 > 0u, "conversions");
_Static_assert('a' < 'b', "characters");
_Static_assert(sizeof("abc") == 4, "strings");
_Static_assert(__builtin_types_compatible_p(u32, unsigned), "types");
_Static_assert(!__builtin_types_compatible_p(u32, s32), "other types");
_Static_assert(__builtin_constant_p(1 + 1), "constants");
_Static_assert((1 ? 2 : 1 / 0) == 2, "what is not evaluated");
_Static_assert(1 || 1 / 0, "nor here");

struct checked {
	u32 a;
	_Static_assert(sizeof(u64) == 8, "inside a structure");
	u8 b;
};
_Static_assert(offset_of(struct checked, b) == 4, "offsets");
_Static_assert(_Alignof(struct checked) == 4, "alignment");
_Static_assert(_Generic(1u, u32: 1, default: 0), "selection");

SEC("xdp") int test(void *ctx)
{
	u32 list[6];
	_Static_assert(n_elements(list) == 6, "inside a function");

	EXPECT(8, sizeof(struct checked));
	for (u32 i = 0; i < 2; i++) {
		_Static_assert(sizeof(i) == 4, "inside a loop");
		list[i] = i;
	}
	EXPECT(1, list[1]);
	return 0;
}
//~ run == 0
