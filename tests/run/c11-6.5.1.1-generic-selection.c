// The association whose type fits the unconverted expression.
#include "expect.h"

struct point {
	int x, y;
};

#define kind(x)                                                                                    \
	_Generic((x),                                                                              \
		_Bool: 1,                                                                          \
		char: 2,                                                                           \
		signed char: 3,                                                                    \
		unsigned char: 4,                                                                  \
		short: 5,                                                                          \
		unsigned short: 6,                                                                 \
		int: 7,                                                                            \
		unsigned int: 8,                                                                   \
		long: 9,                                                                           \
		unsigned long: 10,                                                                 \
		long long: 11,                                                                     \
		unsigned long long: 12,                                                            \
		char *: 13,                                                                        \
		const char *: 14,                                                                  \
		struct point: 15,                                                                  \
		struct point *: 16,                                                                \
		void *: 17,                                                                        \
		default: 99)

always_inline u32 double_u32(u32 x)
{
	return x * 2;
}

always_inline u64 triple_u64(u64 x)
{
	return x * 3;
}

#define apply(x) _Generic((x), u32: double_u32, u64: triple_u64)(x)

SEC("xdp") int test(void *ctx)
{
	struct point point = { 1, 2 };
	const int constant = 5;
	char array[4] = "abc";
	u32 zero = U32(0);

	EXPECT(1, kind((_Bool)1));
	EXPECT(2, kind((char)1));
	EXPECT(3, kind((s8)1));
	EXPECT(4, kind((u8)1));
	EXPECT(5, kind((s16)1));
	EXPECT(6, kind((u16)1));
	EXPECT(7, kind(1));
	EXPECT(7, kind('a'));
	EXPECT(8, kind(1u));
	EXPECT(9, kind(1l));
	EXPECT(10, kind(1ul));
	EXPECT(11, kind(1ll));
	EXPECT(12, kind(1ull));
	EXPECT(13, kind(array));
	EXPECT(13, kind("text"));
	EXPECT(14, kind((const char *)array));
	EXPECT(15, kind(point));
	EXPECT(16, kind(&point));
	EXPECT(17, kind((void *)0));
	EXPECT(99, kind((u8 *)0));
	EXPECT(99, kind(&array));

	// The types of operators, told by selection.
	EXPECT(7, kind((u8)1 + (u8)1));
	EXPECT(7, kind(!1ull));
	EXPECT(7, kind(1ull == 1));
	EXPECT(7, kind(1ull && 1));
	EXPECT(7, kind((u8)1 << 1ull));
	EXPECT(8, kind(1 + 1u));
	EXPECT(9, kind(1 + 1l));
	EXPECT(9, kind(1u + 1l));
	EXPECT(10, kind(1ul + 1l));
	EXPECT(12, kind(1ul + 1ll));
	EXPECT(10, kind(sizeof(int)));
	EXPECT(9, kind(&array[1] - &array[0]));
	EXPECT(7, kind(constant));
	EXPECT(7, kind(point.x));
	EXPECT(13, kind(&array[1]));
	EXPECT(16, kind(1 ? &point : (void *)0));
	EXPECT(17, kind(1 ? &point : (void *)array));
	EXPECT(8, kind(1 ? 1 : 1u));
	EXPECT(4, kind((0, (u8)1)));

	// Only the chosen expression is evaluated.
	EXPECT(3, _Generic(1, int: 3, default: zero++));
	EXPECT(0, zero);
	EXPECT(14, apply(U32(7)));
	EXPECT(21, apply(U64(7)));
	return 0;
}
//~ run == 0
