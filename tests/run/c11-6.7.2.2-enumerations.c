// Enumerators are ints; an enumeration is an unsigned int, or wider where its values ask for it.
#include "expect.h"

enum color { RED, GREEN, BLUE, N_COLORS };
enum gaps { A = 5, B, C = 3, D, E = A + B, };
enum negative { MINUS = -5, NEXT };
enum large { BIG = 0x7fffffff };
enum wide { WIDE = 0x100000000ull, WIDER };
typedef enum { OFF, ON } toggle;

struct holder {
	enum color color;
	toggle toggle;
};

static enum color global = GREEN;
static const u8 names[N_COLORS] = { [BLUE] = 'b', [RED] = 'r', [GREEN] = 'g' };

noinline enum color next(enum color c)
{
	return c == BLUE ? RED : c + 1;
}

noinline u32 name(enum color c)
{
	switch (c) {
	case RED:
		return 'R';
	case GREEN:
		return 'G';
	case BLUE:
		return 'B';
	default:
		return '?';
	}
}

SEC("xdp") int test(void *ctx)
{
	enum color c = BLUE;
	enum negative n = MINUS;
	struct holder h = { BLUE, ON };
	enum { LOCAL = 42 } local = LOCAL;

	EXPECT(0, RED);
	EXPECT(3, N_COLORS);
	EXPECT(5, A);
	EXPECT(6, B);
	EXPECT(3, C);
	EXPECT(4, D);
	EXPECT(11, E);
	EXPECT(-5, MINUS);
	EXPECT(-4, NEXT);
	EXPECT(4, sizeof(enum color));
	EXPECT(4, sizeof(enum negative));
	EXPECT(4, sizeof(enum large));
	EXPECT(8, sizeof(enum wide));
	EXPECT(4, sizeof(RED));
	EXPECT(8, sizeof(WIDE));
	EXPECT(4294967297, WIDER);
	EXPECT(1, RED - 1 < 0);
	EXPECT(1, n < 0);
	EXPECT(0, (enum color)0 - 1 < 0);
	EXPECT(1, global);
	EXPECT(42, local);
	EXPECT(2, h.color);
	EXPECT(1, h.toggle);
	EXPECT('b', names[c]);
	c = next(c);
	EXPECT(RED, c);
	c = next(U32(0));
	EXPECT(GREEN, c);
	EXPECT('G', name(c));
	EXPECT('?', name(U32(9)));
	EXPECT('B', name(U32(2)));
	c = U32(7);
	EXPECT(7, c);
	EXPECT(1, h.color == BLUE && h.color > GREEN);
	c |= 8;
	EXPECT(15, c);
	c++;
	EXPECT(16, c);
	return 0;
}
//~ run == 0
