// Builtins that ask the compiler.
#include "expect.h"

struct s {
	u8 a;
	u32 b[4];
};

#define swap32(x) (__builtin_constant_p(x) ? 1 : 2)

SEC("xdp") int test(void *ctx)
{
	u32 n = U32(3);

	EXPECT(3, __builtin_expect(n, 3));
	EXPECT(1, __builtin_expect(!!n, 0));
	if (__builtin_expect(n == 3, 1))
		n = 4;
	EXPECT(4, n);
	EXPECT(1, swap32(5));
	EXPECT(1, __builtin_constant_p(sizeof(n) * 2));
	EXPECT(0, __builtin_constant_p(U32(1)));
	EXPECT(4, __builtin_offsetof(struct s, b));
	EXPECT(12, __builtin_offsetof(struct s, b[2]));
	EXPECT(1, __builtin_types_compatible_p(typeof(n), unsigned int));
	EXPECT(0, __builtin_types_compatible_p(int, unsigned int));
	EXPECT(1, __builtin_types_compatible_p(const int, int));
	EXPECT(0, __builtin_types_compatible_p(int *, int));
	EXPECT(1, __builtin_types_compatible_p(int[3], int[3]));
	EXPECT(7, __builtin_choose_expr(1, 7, "unused"));
	EXPECT(8, __builtin_choose_expr(sizeof(int) == 8, 7, 8));
	EXPECT(1, sizeof(__builtin_choose_expr(1, (u8)1, 1ull)));
	if (n != 4)
		__builtin_unreachable();
	return 0;
}
//~ run == 0
