// Sizes and alignments; the operand of sizeof is not evaluated.
#include "expect.h"

struct mixed {
	u8 a;
	u64 b;
	u16 c;
};

struct packed {
	u8 a;
	u64 b;
	u16 c;
} __attribute__((packed));

struct aligned {
	u8 a;
} __attribute__((aligned(16)));

struct flexible {
	u32 n;
	u16 items[];
};

union mixed_union {
	u8 a[5];
	u32 b;
};

enum plain { ZERO, ONE };

SEC("xdp") int test(void *ctx)
{
	u32 array[7], i = 0;
	struct mixed mixed;
	s64 x;

	EXPECT(1, sizeof(char));
	EXPECT(1, sizeof(_Bool));
	EXPECT(2, sizeof(short));
	EXPECT(4, sizeof(int));
	EXPECT(8, sizeof(long));
	EXPECT(8, sizeof(long long));
	EXPECT(8, sizeof(void *));
	EXPECT(8, sizeof(int (*)(int)));
	EXPECT(4, sizeof(enum plain));
	EXPECT(4, sizeof(ONE));
	EXPECT(28, sizeof array);
	EXPECT(4, sizeof array[0]);
	EXPECT(4, sizeof *array);
	EXPECT(8, sizeof &array);
	EXPECT(28, sizeof *&array);
	EXPECT(8, sizeof(array + 1));
	EXPECT(7, sizeof(array) / sizeof(*array));
	EXPECT(6, sizeof(char[2][3]));
	EXPECT(80, sizeof(int *[10]));
	EXPECT(24, sizeof(struct mixed));
	EXPECT(11, sizeof(struct packed));
	EXPECT(16, sizeof(struct aligned));
	EXPECT(4, sizeof(struct flexible));
	EXPECT(8, sizeof(union mixed_union));
	EXPECT(2, sizeof mixed.c);
	EXPECT(2, sizeof((struct mixed *)0)->c);
	EXPECT(8, sizeof(mixed.b));
	EXPECT(8, sizeof(x = 1));
	EXPECT(8, sizeof(1 ? 1 : x));
	EXPECT(4, sizeof(i++));
	EXPECT(0, i);
	EXPECT(8, sizeof(sizeof(char)));
	EXPECT(1, sizeof(char) < 2);
	EXPECT(0, -1 < sizeof(char));
	EXPECT(4, sizeof(int) * 1);
	EXPECT(0x1c, sizeof(int) * 7);
	EXPECT(3, sizeof(int) - 1);
	EXPECT(1, sizeof(void));
	EXPECT(1, (-1 + sizeof(int)) == 3);

	EXPECT(1, _Alignof(char));
	EXPECT(2, _Alignof(short));
	EXPECT(4, _Alignof(int));
	EXPECT(8, _Alignof(long long));
	EXPECT(8, _Alignof(void *));
	EXPECT(8, _Alignof(struct mixed));
	EXPECT(1, _Alignof(struct packed));
	EXPECT(16, _Alignof(struct aligned));
	EXPECT(4, _Alignof(struct flexible));
	EXPECT(4, _Alignof(union mixed_union));
	EXPECT(4, _Alignof(int[3]));
	EXPECT(4, __alignof__(array));

	EXPECT(8, offset_of(struct mixed, b));
	EXPECT(16, offset_of(struct mixed, c));
	EXPECT(1, offset_of(struct packed, b));
	EXPECT(9, offset_of(struct packed, c));
	EXPECT(4, offset_of(struct flexible, items));
	EXPECT(10, offset_of(struct flexible, items[3]));
	EXPECT(16, (u64)&((struct mixed *)0)->c);
	return 0;
}
//~ run == 0
