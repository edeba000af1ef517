// switch: falling through, default in any place, sparse and dense cases, every width.
#include "expect.h"

noinline u32 fall(u32 x)
{
	u32 n = 0;

	switch (x) {
	case 3:
		n += 100;
	case 2:
		n += 10;
	case 1:
		n += 1;
		break;
	case 0:
		n = 7;
	}
	return n;
}

noinline u32 default_first(u32 x)
{
	switch (x) {
	default:
		return 1;
	case 5:
		return 2;
	case 6:
		return 3;
	}
}

noinline u32 default_middle(u32 x)
{
	u32 n = 0;

	switch (x) {
	case 1:
		n = 1;
		break;
	default:
		n = 50;
	case 2:
		n += 2;
	}
	return n;
}

noinline u32 sparse(s64 x)
{
	switch (x) {
	case -1:
		return 1;
	case 0:
		return 2;
	case 0x7fffffff:
		return 3;
	case 0x80000000:
		return 4;
	case 0xffffffff:
		return 5;
	case 0x100000000:
		return 6;
	case -0x100000000:
		return 7;
	case -9223372036854775807 - 1:
		return 8;
	}
	return 0;
}

noinline u32 dense(u32 x)
{
	switch (x) {
	case 0: return 3;
	case 1: return 1;
	case 2: return 4;
	case 3: return 1;
	case 4: return 5;
	case 5: return 9;
	case 6: return 2;
	case 7: return 6;
	case 8: return 5;
	case 9: return 3;
	case 10: return 5;
	}
	return 99;
}

noinline u32 narrow(u8 x)
{
	switch (x) {
	case 0 ... 0:
		return 1;
	case 200:
		return 2;
	case 255:
		return 3;
	}
	return 4;
}

noinline u32 narrow_signed(s8 x)
{
	switch (x) {
	case -1:
		return 1;
	case -128:
		return 2;
	case 127:
		return 3;
	}
	return 4;
}

noinline u32 nested(u32 x, u32 y)
{
	switch (x) {
	case 1:
		switch (y) {
		case 1:
			return 11;
		case 2:
			break;
		default:
			return 19;
		}
		return 12;
	case 2:
		return 20;
	}
	return 0;
}

noinline u32 in_loop(u32 n)
{
	u32 sum = 0;

	for (u32 i = 0; i < 8; i++) {
		switch (i & 3) {
		case 0:
			continue;
		case 1:
			sum += 1;
			break;
		case 2:
			if (i >= n)
				return sum;
			sum += 10;
		}
		sum += 100;
	}
	return sum;
}

// Cases inside of what the switch encloses.
noinline u32 duff(u32 n)
{
	u32 sum = 0;

	switch (n & 3) {
		do {
	case 3:
			sum += 100;
	case 2:
			sum += 10;
	case 1:
			sum += 1;
	case 0:;
		} while (0);
	}
	return sum;
}

noinline u32 computed(u32 x)
{
	u32 y = 0;

	switch (y = x * 2, y + 1) {
	case 3:
		return y;
	case 5: {
		u32 y = 77;

		return y;
	}
	}
	switch (x)
	case 9:
		return 9;
	switch (x)
		;
	switch (x) {
	}
	return 1000;
}

SEC("xdp") int test(void *ctx)
{
	EXPECT(7, fall(U32(0)));
	EXPECT(1, fall(U32(1)));
	EXPECT(11, fall(U32(2)));
	EXPECT(111, fall(U32(3)));
	EXPECT(0, fall(U32(4)));
	EXPECT(1, default_first(U32(4)));
	EXPECT(2, default_first(U32(5)));
	EXPECT(3, default_first(U32(6)));
	EXPECT(1, default_middle(U32(1)));
	EXPECT(2, default_middle(U32(2)));
	EXPECT(52, default_middle(U32(3)));
	EXPECT(1, sparse(S64(-1)));
	EXPECT(2, sparse(S64(0)));
	EXPECT(3, sparse(S64(0x7fffffff)));
	EXPECT(4, sparse(S64(0x80000000)));
	EXPECT(5, sparse(S64(0xffffffff)));
	EXPECT(6, sparse(S64(0x100000000)));
	EXPECT(7, sparse(S64(-0x100000000)));
	EXPECT(8, sparse(S64(-0x7fffffffffffffff - 1)));
	EXPECT(0, sparse(S64(1)));
	EXPECT(3, dense(U32(0)));
	EXPECT(9, dense(U32(5)));
	EXPECT(5, dense(U32(10)));
	EXPECT(99, dense(U32(11)));
	EXPECT(99, dense(U32(0xffffffff)));
	EXPECT(1, narrow(U32(256)));
	EXPECT(2, narrow(U8(200)));
	EXPECT(3, narrow(U32(0xffffffff)));
	EXPECT(4, narrow(U8(201)));
	EXPECT(1, narrow_signed(U8(255)));
	EXPECT(2, narrow_signed(U8(128)));
	EXPECT(3, narrow_signed(S8(127)));
	EXPECT(11, nested(U32(1), U32(1)));
	EXPECT(12, nested(U32(1), U32(2)));
	EXPECT(19, nested(U32(1), U32(3)));
	EXPECT(20, nested(U32(2), U32(1)));
	EXPECT(0, nested(U32(3), U32(1)));
	EXPECT(2 * (101 + 110 + 100), in_loop(U32(8)));
	EXPECT(101 + 110 + 100 + 101, in_loop(U32(5)));
	EXPECT(0, duff(U32(0)));
	EXPECT(1, duff(U32(1)));
	EXPECT(11, duff(U32(2)));
	EXPECT(111, duff(U32(3)));
	EXPECT(2, computed(U32(1)));
	EXPECT(77, computed(U32(2)));
	EXPECT(9, computed(U32(9)));
	EXPECT(1000, computed(U32(8)));
	return 0;
}
//~ run == 0
