// Builtins that ask the compiler, and those that compute with overflow.
#include "expect.h"

struct s {
	u8 a;
	u32 b[4];
};

#define swap32(x) (__builtin_constant_p(x) ? 1 : 2)

SEC("xdp") int test(void *ctx)
{
	u32 r32;
	s32 r;
	u64 r64;
	s64 rs64;
	u8 r8;
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

	EXPECT(0, __builtin_add_overflow(U32(1), U32(2), &r32));
	EXPECT(3, r32);
	EXPECT(1, __builtin_add_overflow(U32(0xffffffff), U32(2), &r32));
	EXPECT(1, r32);
	EXPECT(1, __builtin_add_overflow(S32(0x7fffffff), S32(1), &r));
	EXPECT(-2147483648ll, r);
	EXPECT(0, __builtin_add_overflow(S32(-5), S32(3), &r));
	EXPECT(-2, r);
	EXPECT(1, __builtin_add_overflow(U64(0xffffffffffffffff), U64(1), &r64));
	EXPECT(0, r64);
	EXPECT(0, __builtin_add_overflow(U64(0xffffffff), U64(1), &r64));
	EXPECT(0x100000000, r64);
	EXPECT(1, __builtin_sub_overflow(U32(1), U32(2), &r32));
	EXPECT(0xffffffff, r32);
	EXPECT(0, __builtin_sub_overflow(U64(5), U64(5), &r64));
	EXPECT(0, r64);
	EXPECT(1, __builtin_sub_overflow(S64(-0x7fffffffffffffff - 1), S64(1), &rs64));
	EXPECT(0x7fffffffffffffff, rs64);
	EXPECT(1, __builtin_mul_overflow(U32(0x10000), U32(0x10000), &r32));
	EXPECT(0, r32);
	EXPECT(0, __builtin_mul_overflow(U32(0x10000), U32(0xffff), &r32));
	EXPECT(0xffff0000, r32);
	EXPECT(1, __builtin_mul_overflow(S32(0x10000), S32(-0x10000), &r));
	EXPECT(0, __builtin_mul_overflow(S32(-3), S32(7), &r));
	EXPECT(-21, r);
	EXPECT(1, __builtin_add_overflow(U8(200), U8(100), &r8));
	EXPECT(44, r8);
	EXPECT(0, __builtin_add_overflow(U32(100), S32(-50), &r8));
	EXPECT(50, r8);
	return 0;
}
//~ run == 0
