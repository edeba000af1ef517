// Rotations, reversals and counts of any width: builtins of clang.
#include "expect.h"

#ifndef HOST
noinline int rotations(void)
{
	EXPECT(0x0d, __builtin_rotateleft8(U8(0x86), U32(1)));
	EXPECT(0x86, __builtin_rotateleft8(U8(0x86), U32(8)));
	EXPECT(0x3412, __builtin_rotateleft16(U16(0x1234), U32(8)));
	EXPECT(0x23456781, __builtin_rotateleft32(U32(0x12345678), U32(4)) ^ 0x0);
	EXPECT(0x12345678, __builtin_rotateleft32(U32(0x12345678), U32(0)));
	EXPECT(0x23456781, __builtin_rotateleft32(0x12345678, 36));
	EXPECT(0x3456789abcdef012, __builtin_rotateleft64(U64(0x123456789abcdef0), U32(8)));
	EXPECT(0xf0123456789abcde, __builtin_rotateright64(U64(0x123456789abcdef0), U32(8)));
	EXPECT(0x81234567, __builtin_rotateright32(U32(0x12345678), U32(4)));
	EXPECT(0x81234567, __builtin_rotateright32(0x12345678, 4));
	EXPECT(0x43, __builtin_rotateright8(U8(0x86), U32(1)));
	return 0;
}

noinline int reversals(void)
{
	EXPECT(0x61, __builtin_bitreverse8(U8(0x86)));
	EXPECT(0x2c48, __builtin_bitreverse16(U16(0x1234)));
	EXPECT(0x1e6a2c48, __builtin_bitreverse32(U32(0x12345678)));
	EXPECT(0x1e6a2c48, __builtin_bitreverse32(0x12345678));
	EXPECT(0x0f7b3d591e6a2c48, __builtin_bitreverse64(U64(0x123456789abcdef0)));
	return 0;
}

noinline int counts(void)
{
	EXPECT(3, __builtin_clzs(U16(0x1fff)));
	EXPECT(4, __builtin_ctzs(U16(0x10)));
	EXPECT(3, __builtin_clzg(U8(0x1f)));
	EXPECT(3, __builtin_clzg(U16(0x1fff)));
	EXPECT(31, __builtin_clzg(U32(1)));
	EXPECT(63, __builtin_clzg(U64(1)));
	EXPECT(99, __builtin_clzg(U64(0), 99));
	EXPECT(63, __builtin_clzg(U64(1), 99));
	EXPECT(7, __builtin_ctzg(U8(0x80)));
	EXPECT(-1, __builtin_ctzg(U8(0), -1));
	EXPECT(33, __builtin_popcountg(U64(0x1ffffffff)));
	EXPECT(8, __builtin_popcountg((u8)U8(-1)));
	return 0;
}
#endif

SEC("xdp") int test(void *ctx)
{
	EXPECT(31, __builtin_clrsb(S32(0)));
	EXPECT(31, __builtin_clrsb(S32(-1)));
	EXPECT(30, __builtin_clrsb(S32(1)));
	EXPECT(0, __builtin_clrsb(S32(0x40000000)));
	EXPECT(0, __builtin_clrsb(S32(-0x7fffffff - 1)));
	EXPECT(63, __builtin_clrsbl(S64(-1)));
	EXPECT(59, __builtin_clrsbll(S64(-9)));
	EXPECT(59, __builtin_clrsbll(-9));
#ifndef HOST
	int line;

	if ((line = rotations()))
		return line;
	if ((line = reversals()))
		return line;
	return counts();
#endif
	return 0;
}
//~ run == 0
