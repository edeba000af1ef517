// The same of 64 bits, of mixed types, and by type.
//@ clang: none: it calls a library to multiply
#include "expect.h"

noinline int of_64_bits(void)
{
	u64 r;
	s64 rs;

	EXPECT(1, __builtin_add_overflow(U64(0xffffffffffffffff), U64(0x1), &r));
	EXPECT(0x0, r);
	EXPECT(0, __builtin_add_overflow(U64(0xffffffff), U64(0x1), &r));
	EXPECT(0x100000000, r);
	EXPECT(1, __builtin_add_overflow(U64(0x8000000000000000), U64(0x8000000000000000), &r));
	EXPECT(0x0, r);
	EXPECT(0, __builtin_sub_overflow(U64(0x5), U64(0x5), &r));
	EXPECT(0x0, r);
	EXPECT(1, __builtin_sub_overflow(U64(0x5), U64(0x6), &r));
	EXPECT(0xffffffffffffffff, r);
	EXPECT(1, __builtin_mul_overflow(U64(0x100000000), U64(0x100000000), &r));
	EXPECT(0x0, r);
	EXPECT(0, __builtin_mul_overflow(U64(0x100000000), U64(0xffffffff), &r));
	EXPECT(0xffffffff00000000, r);
	EXPECT(1, __builtin_mul_overflow(U64(0xffffffffffffffff), U64(0xffffffffffffffff), &r));
	EXPECT(0x1, r);
	EXPECT(0, __builtin_mul_overflow(U64(0xffffffffffffffff), U64(0x1), &r));
	EXPECT(0xffffffffffffffff, r);
	EXPECT(1, __builtin_sub_overflow(S64(-0x7fffffffffffffffll - 1), S64(0x1), &rs));
	EXPECT(0x7fffffffffffffff, rs);
	EXPECT(1, __builtin_add_overflow(S64(0x7fffffffffffffff), S64(0x1), &rs));
	EXPECT(-0x7fffffffffffffffll - 1, rs);
	EXPECT(0, __builtin_add_overflow(S64(-5ll), S64(0x3), &rs));
	EXPECT(-2ll, rs);
	EXPECT(1, __builtin_mul_overflow(S64(-0x7fffffffffffffffll - 1), S64(-1ll), &rs));
	EXPECT(-0x7fffffffffffffffll - 1, rs);
	EXPECT(0, __builtin_mul_overflow(S64(-4294967296ll), S64(0x80000000), &rs));
	EXPECT(-0x7fffffffffffffffll - 1, rs);
	EXPECT(1, __builtin_mul_overflow(S64(0x100000000), S64(0x80000000), &rs));
	EXPECT(-0x7fffffffffffffffll - 1, rs);
	return 0;
}

noinline int of_mixed_types(void)
{
	u64 r;
	s64 rs;
	u8 r8;
	s32 r32;

	EXPECT(0, __builtin_add_overflow(U64(0xffffffffffffffff), S32(-1ll), &r));
	EXPECT(0xfffffffffffffffe, r);
	EXPECT(1, __builtin_add_overflow(U64(0x0), S32(-1ll), &r));
	EXPECT(0xffffffffffffffff, r);
	EXPECT(0, __builtin_sub_overflow(U64(0x5), S64(-3ll), &rs));
	EXPECT(0x8, rs);
	EXPECT(1, __builtin_mul_overflow(U64(0xffffffffffffffff), S32(-1ll), &rs));
	EXPECT(0x1, rs);
	EXPECT(0, __builtin_mul_overflow(U64(0x8000000000000000), S32(-1ll), &rs));
	EXPECT(-0x7fffffffffffffffll - 1, rs);
	EXPECT(0, __builtin_add_overflow(S32(-1ll), U64(0xc8), &r8));
	EXPECT(0xc7, r8);
	EXPECT(1, __builtin_add_overflow(S32(-1ll), U64(0x12c), &r8));
	EXPECT(0x2b, r8);
	EXPECT(0, __builtin_mul_overflow(S64(0x100000), U16(0x7ff), &r32));
	EXPECT(0x7ff00000, r32);
	EXPECT(1, __builtin_mul_overflow(S64(0x100000), U16(0x800), &r32));
	EXPECT(-2147483648ll, r32);
	EXPECT(0, __builtin_sub_overflow(U64(0x0), U64(0x1), &r32));
	EXPECT(-1ll, r32);
	EXPECT(1, __builtin_mul_overflow(U64(0xffffffffffffffff), U64(0xffffffffffffffff), &rs));
	EXPECT(0x1, rs);
	EXPECT(0, __builtin_mul_overflow(U64(0xffffffffffffffff), U64(0x0), &r8));
	EXPECT(0x0, r8);
	return 0;
}

noinline int by_type(void)
{
	unsigned int u;
	unsigned long ul;
	unsigned long long ull;
	int s;
	long sl;
	long long sll;

	EXPECT(1, __builtin_uadd_overflow(U32(-1), 1, &u));
	EXPECT(0, u);
	EXPECT(1, __builtin_usub_overflow(U64(0x100000001), 2, &u));
	EXPECT(0xffffffff, u);
	EXPECT(0, __builtin_umul_overflow(U32(3), 5, &u));
	EXPECT(15, u);
	EXPECT(1, __builtin_uaddl_overflow(U64(-1), 2, &ul));
	EXPECT(1, ul);
	EXPECT(0, __builtin_usubl_overflow(U64(-1), 2, &ul));
	EXPECT(0xfffffffffffffffd, ul);
	EXPECT(1, __builtin_umulll_overflow(U64(-1), 2, &ull));
	EXPECT(0xfffffffffffffffe, ull);
	EXPECT(1, __builtin_sadd_overflow(S32(0x7fffffff), 1, &s));
	EXPECT(-2147483648ll, s);
	EXPECT(0, __builtin_ssubl_overflow(S64(1), 2, &sl));
	EXPECT(-1, sl);
	EXPECT(0, __builtin_smulll_overflow(S64(-4), 2, &sll));
	EXPECT(-8, sll);
	return 0;
}

SEC("xdp") int test(void *ctx)
{
	int line;

	if ((line = of_64_bits()))
		return line;
	if ((line = of_mixed_types()))
		return line;
	return by_type();
}
//~ run == 0
