// Declarations that read from the inside out.
#include "expect.h"

typedef u32 word, *word_pointer, words[3];
typedef struct node {
	u32 value;
} node, *node_pointer;
typedef u32 matrix[2][3];

static u32 first, *second = 0, third[2] = { 1, 2 };
static u32 (*rows)[3];
static const u32 *const constant = 0;
u32 static long_order = 3;
long unsigned int long ordered = 4;

static unsigned unsigned_only = 5;
static long signed int mixed_order = -6;

noinline u32 take_array(u32 values[3])
{
	return values[0] + values[2] + sizeof(values);
}

noinline u32 take_static(const u32 values[static 2])
{
	return values[1];
}

noinline u32 take_matrix(matrix m)
{
	return m[1][2];
}

noinline word(parenthesised)(word(x))
{
	return x + 1;
}

static inline u32 prototype(u32, u32 *);

SEC("xdp") int test(void *ctx)
{
	u32 a = U32(1), *p = &a, **pp = &p, list[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
	u32 *pointers[2] = { &list[0][1], &list[1][1] };
	u32(*to_row)[3] = &list[1];
	word_pointer w = &a;
	words three = { 7, 8, 9 };
	node n = { 10 };
	node_pointer np = &n;
	matrix m = { { 1 }, { [2] = 60 } };
	const u32 *to_constant = &a;
	u32 *const constant_pointer = &a;
	int((((parens)))) = 12;

	EXPECT(1, **pp);
	EXPECT(5, *pointers[1]);
	EXPECT(2, *pointers[0]);
	EXPECT(6, (*to_row)[2]);
	*w = 11;
	EXPECT(11, a);
	EXPECT(12, sizeof(three));
	EXPECT(9, three[2]);
	EXPECT(10, np->value);
	EXPECT(24, sizeof(matrix));
	EXPECT(60, m[1][2]);
	EXPECT(60, take_matrix(m));
	EXPECT(7 + 9 + 8, take_array(three));
	EXPECT(8, take_static(three));
	EXPECT(6, parenthesised(U32(5)));
	*constant_pointer = 12;
	EXPECT(12, *to_constant);
	EXPECT(12, parens);
	EXPECT(0, first);
	EXPECT(1, !second);
	EXPECT(2, third[1]);
	EXPECT(1, !rows);
	EXPECT(3, long_order);
	EXPECT(4, ordered);
	EXPECT(8, sizeof(ordered));
	EXPECT(5, unsigned_only);
	EXPECT(-6, mixed_order);
	EXPECT(8, sizeof(mixed_order));
	EXPECT(3, prototype(U32(1), &a));
	EXPECT(13, a);
	EXPECT(8, sizeof(u32(*)[3]));
	EXPECT(96, sizeof(u32 *[4][3]));
	return 0;
}

static inline u32 prototype(u32 x, u32 *p)
{
	*p += 1;
	return x + 2;
}
//~ run == 0
