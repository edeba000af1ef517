// What clang takes of C23 in older modes: `[[…]]`, types of enumerations, `__typeof_unqual__`.
//@ gcc: none: before 13 it has no types of enumerations
#include "expect.h"

enum small : unsigned char { SMALL_A = 250, SMALL_B };
enum wide : u64 { WIDE = 0x100000000 };
enum early : short;
enum negative : signed char { MINUS = -3 };
enum early : short { EARLY = -1 };
struct bits {
	enum small s : 4;
	unsigned : 4;
	enum wide w;
};

struct [[gnu::packed]] packed {
	u8 a;
	u32 b [[gnu::aligned(2)]];
};

[[gnu::__noinline__]] static u32 twice([[maybe_unused]] u32 unused, u32 x)
{
	return 2 * x;
}

static u32 steps(u32 x)
{
	u32 sum = 0;

	switch (x) {
	case 1:
		sum += 1;
		[[fallthrough]];
	case 2:
		sum += 2;
		break;
	default:
		sum = 9;
	}
	return sum;
}

static const volatile u32 constant = 7;

SEC("xdp") int test(void *ctx)
{
	__typeof_unqual__(constant) copy = 1;
	__typeof_unqual__(const u8) byte = 255;

	copy += 4;
	byte++;
	EXPECT(1, sizeof(enum small));
	EXPECT(8, sizeof(enum wide));
	EXPECT(2, sizeof(enum early));
	EXPECT(1, sizeof(SMALL_A));
	EXPECT(0, (enum small)(SMALL_B + 5));
	EXPECT(1, WIDE >> 32);
	EXPECT(-3, MINUS);
	EXPECT(-1, EARLY);
	EXPECT(16, sizeof(struct bits));
	EXPECT(6, sizeof(struct packed));
	EXPECT(42, twice(0, 21));
	EXPECT(3, steps(1));
	EXPECT(2, steps(2));
	EXPECT(9, steps(3));
	EXPECT(5, copy);
	EXPECT(0, byte);
	return 0;
}
//~ run == 0
